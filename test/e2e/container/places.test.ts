import { runInContainer } from "../../support/container/container.js";
import { type ContainerKind, containers } from "../../support/container/containers.js";
import { notInstalled, requires, withoutContainer } from "../../support/requires.js";
import { CLI } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";
import { buildIn, type Made, type Store } from "./container-build.js";

const run = requires(withoutContainer, notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined)).serial;

let expected: Promise<Made> | undefined;

/** Returns the layers of a build with every right. */
async function layersOfMachine(): Promise<readonly string[]> {
  expected ??= buildIn(undefined, { store: "volume" });
  return (await expected).layers;
}

const CHROOT = /steps run with isolation "chroot"/;
const SUPERVISED = /steps run with isolation "supervised"/;
const COPIES = /^(?!.*isolation "chroot").*steps run on copies of their layers/s;

/** Places in which a build has the layers of a plain machine, and its output meanwhile. */
const PLACES: readonly (readonly [name: string, kind: ContainerKind, store: Store, says: RegExp])[] = [
  ["a pod without a seccomp profile", containers.unconfined, "volume", /Steps see the processes outside/],
  ["rootless podman, which refuses a host name", containers.noHostName, "volume", /Steps see the processes outside/],
  ["a random user with namespaces", containers.unconfinedRandomUser, "tmpfs", /Steps see the processes outside/],
  ["a container that shows all of /proc", containers.unmasked, "volume", /^(?!.*Steps see)/s],
  ["a privileged container", containers.privileged, "volume", /^(?!.*Steps see)/s],
  ["Docker's default container", containers.default, "root", CHROOT],
  ["a pod without a seccomp profile", containers.unconfined, "root", COPIES],
  ["a privileged container", containers.privileged, "root", COPIES],
  ["an ordinary user with namespaces", containers.unconfinedUser, "var-tmp", COPIES],
  ["a random user with namespaces", containers.unconfinedRandomUser, "var-tmp", COPIES],
  ["a container with CAP_SYS_ADMIN", containers.sysAdmin, "root", CHROOT],
  ["a container with CAP_SYS_ADMIN", containers.sysAdmin, "volume", CHROOT],
  ["a container without user namespaces", containers.noUserNamespaces, "volume", CHROOT],
  ["a kernel without overlayfs", containers.noOverlay, "volume", COPIES],
  ["a profile that refuses mounts", containers.noMounts, "volume", CHROOT],
  ["a kernel without the mount calls", containers.oldMountCalls, "volume", CHROOT],
  ["a random user without any privilege", containers.randomUser, "volume", SUPERVISED],
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

run("doctor says that steps run on copies of layers where no overlay can be, and that builds work", async (t) => {
  const env = { TSBUILD_ROOT: "/var/tmp/s" };
  const { code, stdout, stderr } = await runInContainer(containers.unconfinedUser, [process.execPath, CLI, "doctor"], { env });
  t.is(code, 0, stdout + stderr);
  t.regex(stdout, /Isolation of steps: namespaces: namespaces of their own, on copies of their layers/);
  t.regex(stdout, /warning {2}Overlayfs in user namespaces: Overlay mounts do not work/);
  t.regex(stdout, /ok {7}A step in a sandbox: it ran/);
});

run("doctor asks a random user who can make no namespaces for no subordinate ids", async (t) => {
  for (const [kind, asks] of [
    [containers.randomUser, false],
    [{ ...containers.unmasked, uid: 12_345, gid: 12_345 }, true],
  ] as const) {
    const { code, stdout, stderr } = await runInContainer(kind, [process.execPath, CLI, "doctor"]);
    t.is(code, 0, stdout + stderr);
    t.is(/subuid|newuidmap/.test(stdout), asks, stdout);
  }
});

run("what keeps builds from running is reported with a way out", async (t) => {
  const long = `/store/${"d".repeat(200)}/${"e".repeat(200)}/${"f".repeat(200)}`;
  for (const [kind, filesystem, root, found] of [
    [containers.default, "ramfs", "/store/s", /missing {2}File system of the store: .* keeps no extended attributes/],
    [containers.unmasked, "tmpfs", long, /missing {2}Store: Cannot use .* its path has 609 bytes, and at most \d+ work/],
    [containers.user, "tmpfs", "/store/s", /missing {2}User namespaces: .*\n(?:.*\n)? +to do: .*GitLab.*GitHub.*Kubernetes.*OpenShift/],
    [
      containers.namespaceWithoutRights,
      "tmpfs",
      "/store/s",
      /missing {2}User namespaces: .*\n(?:.*\n)? +to do: .*apparmor_restrict_unprivileged_userns=0; on GitHub/,
    ],
    [containers.unconfinedUser, "ramfs", "/store/s", /missing {2}Overlayfs in user namespaces: .*\n(?:.*\n)? +to do: .*a volume/],
  ] as const) {
    const command = [process.execPath, CLI, "doctor"];
    const env = { TSBUILD_ROOT: root, TSBUILD_ISOLATION: "namespaces" };
    const { code, stdout } = await runInContainer(kind, command, { env, filesystems: { "/store": filesystem } });
    t.is(code, 1, stdout);
    t.regex(stdout, found);
  }
});

run("a random user without a home, or with a read-only root, builds what needs no step", async (t) => {
  for (const kind of [containers.randomUser, containers.randomUserReadonly]) {
    const script = `c=$(mktemp -d) && printf 'FROM scratch\\nCOPY Dockerfile /f\\n' >$c/Dockerfile && "$0" "$1" build --progress=quiet -t a $c && "$0" "$1" images`;
    const { code, stdout, stderr } = await runInContainer(kind, ["sh", "-c", script, process.execPath, CLI]);
    t.is(code, 0, stderr);
    t.regex(stdout, /^a +latest/m);
    t.regex(stderr, /nothing can be written to this user's home "\/", so the store is in \/tmp\/tsbuild-1000650000/);
  }
});

run("the layers of a plain machine are known", async (t) => {
  t.is((await layersOfMachine()).length, 11);
});
