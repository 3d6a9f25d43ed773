import test from "ava";
import { runInContainer } from "../../support/container/container.js";
import { type ContainerKind, containers } from "../../support/container/containers.js";
import { notInstalled, requires, withoutContainer } from "../../support/requires.js";
import { CLI } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";
import { buildIn, type Made } from "./container-build.js";

const run = requires(withoutContainer, notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined)).serial;

let expected: Promise<Made> | undefined;

/** Layers of a build with every right. */
async function layersOfMachine(): Promise<readonly string[]> {
  expected ??= buildIn(undefined, { store: "volume" });
  return (await expected).layers;
}

/** Where a build succeeds with the layers of a plain machine, and what it says meanwhile. */
const PLACES: readonly (readonly [name: string, kind: ContainerKind, store: "root" | "volume" | "tmpfs" | "ramfs", says: RegExp])[] = [
  ["a pod without a seccomp profile", containers.unconfined, "volume", /Steps see the processes outside/],
  ["rootless podman, which refuses a host name", containers.noHostName, "volume", /Steps see the processes outside/],
  ["a random user with namespaces", containers.unconfinedRandomUser, "tmpfs", /Steps see the processes outside/],
  ["a container that shows all of /proc", containers.unmasked, "volume", /^(?!.*Steps see)/s],
  ["a privileged container", containers.privileged, "volume", /^(?!.*Steps see)/s],
];

for (const [name, kind, store, says] of PLACES) {
  run(`a build has the layers of a plain machine: ${name}, store on its ${store}`, async (t) => {
    const made = await buildIn(kind, { store });
    t.is(made.run.code, 0, made.run.stderr);
    t.regex(made.run.stderr, says);
    t.deepEqual(made.layers, await layersOfMachine());
  });
}

run("doctor says what steps have and lack in a container, and that builds work", async (t) => {
  for (const [kind, found] of [
    [containers.unconfined, /warning {2}A fresh \/proc: Steps see the processes outside in \/proc/],
    [containers.unconfinedRandomUser, /warning {2}A fresh \/proc: Steps see the processes outside in \/proc/],
    [containers.unmasked, /ok {7}A fresh \/proc: it can be mounted/],
  ] as const) {
    const { code, stdout, stderr } = await runInContainer(kind, [process.execPath, CLI, "doctor"], {
      env: { TSBUILD_ROOT: "/store/s" },
      filesystems: { "/store": "tmpfs" },
    });
    t.is(code, 0, stdout + stderr);
    t.regex(stdout, found);
    t.regex(stdout, /ok {7}A step in a sandbox: it ran/);
  }
});

test("the layers of a plain machine are known", async (t) => {
  if (withoutContainer !== undefined || BUSYBOX === undefined) return t.pass();
  t.is((await layersOfMachine()).length, 11);
  return undefined;
});
