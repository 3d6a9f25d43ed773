import { execFileSync } from "node:child_process";
import { closeSync, constants, openSync, readdirSync, readFileSync } from "node:fs";
import test from "ava";
import { Rig } from "../../support/rigs/rig.js";
import { until } from "../../support/until.js";

// Commands that wait for their input, or the reader of their output: the first ctrl-c ends each.

/** Commands that read the standard input. */
const STANDARD_INPUT: readonly (readonly string[])[] = [
  ["build", "-"],
  ["build", "-f", "-", "context"],
  ["check", "-f", "-", "context"],
  ["build", "--llb", "-", "context"],
  ["bake", "-f", "-"],
  ["compose", "-f", "-", "build"],
  ["load"],
  ["import", "-"],
  ["login", "--username=u", "--password-stdin", "127.0.0.1:1"],
  ["imagetools", "create", "-f", "-", "-t", "127.0.0.1:1/x"],
];

/** Commands that read a pipe at a path. */
const PIPES: readonly (readonly string[])[] = [
  ["build", "-f", "pipe", "context"],
  ["build", "--secret=id=x,src=pipe", "context"],
  ["build", "--llb", "pipe", "context"],
  ["bake", "-f", "pipe"],
  ["compose", "-f", "pipe", "build"],
  ["load", "-i", "pipe"],
  ["import", "pipe"],
  ["imagetools", "create", "-f", "pipe", "-t", "127.0.0.1:1/x"],
];

/** Returns true once a process waits for its standard input: an epoll of its own watches it. */
function watchesInput(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/fdinfo`).some((fd) => /^tfd:\s+0 /m.test(readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8")));
  } catch {
    // A descriptor was closed meanwhile.
    return false;
  }
}

/** Opens a pipe to write; undefined while nobody reads it. */
function writer(path: string): number | undefined {
  try {
    return openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
}

function prepared(): Rig {
  const rig = new Rig();
  rig.context("context", { Dockerfile: "FROM scratch\nCOPY Dockerfile /\nRUN --mount=type=secret,id=x true\n" });
  rig.context(".", { "compose.yaml": "services: {a: {build: context}}" });
  execFileSync("mkfifo", [rig.path("pipe")]);
  return rig;
}

for (const args of STANDARD_INPUT) {
  test.serial(`the first ctrl-c ends the wait for the standard input: ${args.join(" ")}`, async (t) => {
    const rig = prepared();
    t.teardown(() => rig.dispose());
    const running = rig.start(args, { openInput: true });
    t.true(await until(() => watchesInput(running.process.pid as number)));
    running.process.kill("SIGINT");
    const { code, stderr } = await running.ended;
    t.is(code, 130, stderr);
    t.notRegex(stderr, /error\[internal\]/);
    t.deepEqual(rig.leftovers(), []);
  });
}

for (const args of PIPES) {
  test.serial(`the first ctrl-c ends the wait for a pipe: ${args.join(" ")}`, async (t) => {
    const rig = prepared();
    t.teardown(() => rig.dispose());
    const running = rig.start(args);
    let fd: number | undefined;
    t.true(await until(() => (fd = writer(rig.path("pipe"))) !== undefined));
    running.process.kill("SIGINT");
    const { code, stderr } = await running.ended;
    closeSync(fd as number);
    t.is(code, 130, stderr);
    t.notRegex(stderr, /error\[internal\]/);
    t.deepEqual(rig.leftovers(), []);
  });
}

test.serial("save to a pipe says that it waits for a reader, and the first ctrl-c ends the wait", async (t) => {
  const rig = prepared();
  t.teardown(() => rig.dispose());
  rig.context("image", { Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" });
  t.is((await rig.cli(["build", "-q", "-t", "app", "image"])).code, 0);
  const running = rig.start(["save", "-o", "pipe", "app"]);
  await running.shows(/^waiting for a reader of pipe$/m);
  running.process.kill("SIGINT");
  const { code, stderr } = await running.ended;
  t.is(code, 130, stderr);
  t.deepEqual(rig.leftovers(), []);
});
