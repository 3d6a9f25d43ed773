import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import test from "ava";
import { withRig } from "../../support/images/busybox-suite.js";
import { makeBusyboxLayout } from "../../support/images/base-image.js";
import { makeRepository, missingForGit, startGitServer, type GitServer } from "../../support/servers/git-server.js";
import { busyboxLayer, layeredLayout } from "../../support/images/layered-layout.js";
import { layoutRegistry } from "../../support/servers/layout-registry.js";
import { random } from "../../support/samples/random.js";
import { notInstalled, requires } from "../../support/requires.js";
import type { FakeRegistry } from "../../support/servers/registry.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";
import type { Rig } from "../../support/rigs/rig.js";
import type { Line, Order } from "./aborts/program.js";
import { CONTEXT, SHAPES } from "./aborts/shapes.js";

// Builds that are aborted at any moment, through the library and by signals. The seed is in each
// title; TSBUILD_ABORT_SEED takes another.

const SEED = Number(process.env["TSBUILD_ABORT_SEED"] ?? 1);
/** Aborts of each shape. */
const ABORTS = Number(process.env["TSBUILD_ABORTS"] ?? 15);
/**
 * Milliseconds without output of the program after which it hangs. One abort takes some seconds on
 * a very busy machine.
 */
const SILENCE = 300_000;

const PROGRAM = fileURLToPath(new URL("aborts/program.js", import.meta.url));

const lacking = notInstalled(BUSYBOX === undefined ? "busybox-static" : missingForGit);
const { serial } = requires(lacking);

let registry: FakeRegistry;
let git: GitServer;
let servers: string | undefined;

test.before(async () => {
  if (lacking !== undefined) return;
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-aborts-"));
  servers = directory;
  const path = (name: string): string => join(directory, name);
  const randomTar = (name: string, size: number): Buffer => tarOf(path(name), name, bytes(size));
  await makeBusyboxLayout(path("busybox"));
  const layers = [await busyboxLayer(), randomTar("x", 200_000), randomTar("y", 300_000), randomTar("z", 100_000)];
  const layered = await layeredLayout(path("layered"), layers);
  registry = await layoutRegistry(
    {
      busybox: { directory: path("busybox") },
      slow: { directory: layered, pace: (layer) => (layer === 0 ? "at once" : "slowly") },
      stalled: { directory: layered, pace: (layer) => (layer === 0 ? "at once" : "stalls") },
      gone: { directory: layered, pace: (layer) => (layer === 0 ? "at once" : "missing") },
    },
    { slow: { bytes: bytes(200_000), pace: "slowly" }, stalled: { bytes: bytes(200_000), pace: "stalls" } },
  );
  makeRepository(path("repositories/code"), { a: "a\n", "b/c": "c\n" });
  git = await startGitServer(path("repositories"));
});

test.after.always(async () => {
  await registry?.close();
  await git?.close();
  if (servers !== undefined) rmSync(servers, { recursive: true, force: true });
});

/** Returns incompressible bytes, the same each time. */
function bytes(size: number): Buffer {
  const below = random(size);
  return Buffer.from(Array.from({ length: size }, () => below(256)));
}

/** Makes an archive of one file, in a new directory. */
function tarOf(directory: string, name: string, content: Buffer): Buffer {
  mkdirSync(directory);
  writeFileSync(join(directory, name), content);
  return execFileSync("tar", ["-C", directory, "-cf", "-", "--owner=0", "--group=0", "--numeric-owner", "--mtime=@1", name], {
    maxBuffer: 1 << 24,
  });
}

function makeContext(rig: Rig): string {
  const directory = rig.path("context");
  for (const [path, size] of Object.entries(CONTEXT)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes(size));
  }
  return directory;
}

/** Runs the program to its end; gives what it said was wrong, and what it did not say. */
async function perform(rig: Rig, order: Order): Promise<{ readonly problems: readonly string[]; readonly canceled: number }> {
  const child = rig.spawn(process.execPath, [PROGRAM, JSON.stringify(order)]);
  const problems: string[] = [];
  let at = "the start";
  let canceled = 0;
  let done = false;
  let hangs = false;
  const kill = (): void => {
    hangs = true;
    child.process.kill("SIGKILL");
  };
  let silence = setTimeout(kill, SILENCE);
  for await (const text of createInterface(child.process.stdout as NodeJS.ReadableStream)) {
    clearTimeout(silence);
    silence = setTimeout(kill, SILENCE);
    const line = JSON.parse(text) as Line;
    if ("begun" in line) at = line.begun;
    else if ("done" in line) done = true;
    else {
      if (line.outcome === "canceled") canceled++;
      problems.push(...line.problems.map((problem) => `${line.ended}: ${problem}`));
    }
  }
  clearTimeout(silence);
  const { code, stderr } = await child.ended;
  if (hangs) problems.push(`${at}: nothing happens any more`);
  else if (!done) problems.push(`${at}: the promise was still pending when the process had nothing to do (exit code ${code})`);
  else if (code !== 0) problems.push(`exit code ${code}`);
  if (stderr !== "") problems.push(stderr);
  return { problems, canceled };
}

for (const shape of SHAPES) {
  serial(`${shape.name}: ${ABORTS} aborts at moments of seed ${SEED} reject, and leave nothing`, (t) => {
    t.timeout(ABORTS * SILENCE);
    return withRig(async (rig) => {
      makeContext(rig);
      const order = { shape: shape.name, count: ABORTS, seed: SEED, directory: rig.directory, host: registry.host, git: git.origin };
      const { problems, canceled } = await perform(rig, order);
      t.deepEqual(problems, []);
      t.deepEqual(rig.leftovers(), []);
      t.log(`${canceled} of ${ABORTS} were canceled`);
    });
  });
}

/**
 * Command lines, and whether they handle the signal: others end at once, and the next command
 * tidies up. `code` is the exit code of a command that ended before the signal; default 0.
 */
const COMMANDS: readonly { readonly args: readonly string[]; readonly inOrder: boolean; readonly code?: number }[] = [
  { args: ["build", "--progress=plain", "--no-cache", "-f", "Dockerfile.parallel"], inOrder: true },
  { args: ["build", "--progress=rawjson", "--no-cache", "-o", "type=oci,dest=out.tar", "-f", "Dockerfile.large"], inOrder: true },
  { args: ["check", "-f", "Dockerfile.parallel"], inOrder: true, code: 1 },
  { args: ["pull", "HOST/slow"], inOrder: true },
  { args: ["pull", "HOST/stalled"], inOrder: true },
  { args: ["save", "-o", "saved.tar", "kept"], inOrder: true },
  { args: ["load", "-i", "kept.tar"], inOrder: true },
  { args: ["du", "--verify"], inOrder: false },
  { args: ["prune", "--force"], inOrder: false },
  { args: ["builds"], inOrder: false },
];

const SIGNALS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

serial(`commands and signals at moments of seed ${SEED}: each ends with the signal's exit code, and the store stays right`, (t) => {
  t.timeout(SILENCE * 10);
  return withRig(async (rig) => {
    const context = makeContext(rig);
    const file = (name: string): string => SHAPES.find((shape) => shape.name === name)?.dockerfile ?? "";
    writeFileSync(join(context, "Dockerfile.parallel"), file("parallel stages"));
    writeFileSync(join(context, "Dockerfile.large"), file("export of a large layer"));
    const run = (args: readonly string[]) =>
      rig.start(
        args.flatMap((arg) =>
          arg === "-f" && args[0] !== "prune"
            ? ["--build-arg", `REGISTRY=${registry.host}`, ".", "-f"]
            : arg.replace("HOST", registry.host),
        ),
        { cwd: context },
      );
    for (const args of [
      ["build", "-t", "kept", "-f", "Dockerfile.large"],
      ["save", "-o", "kept.tar", "kept"],
    ]) {
      const ended = await run(args).ended;
      t.is(ended.code, 0, ended.stderr);
    }
    const below = random(SEED);
    for (const { args, inOrder, code: own = 0 } of COMMANDS) {
      for (const [signal, code] of Object.entries(SIGNALS)) {
        const moment = below(500);
        const running = run(args);
        const timer = setTimeout(() => running.process.kill(signal as NodeJS.Signals), moment);
        const ended = await running.ended;
        clearTimeout(timer);
        const what = `${args.join(" ")}, ${signal} after ${moment} ms: ${ended.stderr}`;
        // By then it had ended, or the program had not begun: Node itself ended with the signal.
        const outside = ended.code === own || (ended.code === undefined && ended.stderr === "");
        if (!outside) t.is(ended.code, code, what);
        t.notRegex(ended.stderr, /error\[internal\]|\n\s+at /, what);
        if (inOrder) t.deepEqual(rig.leftovers(), [], what);
      }
    }
    for (const args of [
      ["prune", "--force"],
      ["du", "--verify"],
    ]) {
      const ended = await run(args).ended;
      t.is(ended.code, 0, `${ended.stdout.toString()}${ended.stderr}`);
    }
    t.deepEqual(rig.leftovers(), []);
  });
});

serial("two layers of a base image that cannot be had: the command says so, with the place in the Dockerfile", (t) =>
  withRig(async (rig) => {
    for (const step of ["COPY one /one", "RUN true"]) {
      const context = rig.context("context", { Dockerfile: `FROM ${registry.host}/gone\n${step}\n`, one: "1\n" });
      for (let run = 0; run < 4; run++) {
        const ended = await rig.cli(["build", "--progress=plain", "-o", `type=tar,dest=${rig.path("out.tar")}`, context]);
        t.is(ended.code, 1, ended.stderr);
        t.regex(ended.stderr, /^error\[registry\/not-found\]/m, ended.stderr);
        t.notRegex(ended.stderr, /error\[internal\]/);
        t.deepEqual(rig.leftovers(), []);
      }
    }
  }),
);
