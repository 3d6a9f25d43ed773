#!/usr/bin/env node
import type { CliEnvironment } from "./environment.js";
import { runCli } from "./run.js";

// The only file that knows the process: its arguments, streams, signals and exit code.
const CANCELED = 130;
const abort = new AbortController();

/** Milliseconds in which a second signal is the same ctrl-c: npm and other parents pass on what the terminal has sent to the whole group already. */
const SAME_KEY_PRESS = 300;
let interruptedAt: number | undefined;

for (const name of ["SIGINT", "SIGTERM"] as const) {
  process.on(name, () => {
    const now = performance.now();
    interruptedAt ??= now;
    // The second time means now: what is left behind is cleaned up by the next start.
    if (now - interruptedAt > SAME_KEY_PRESS) process.exit(CANCELED);
    abort.abort();
  });
}

/** A reader that goes away or a full disk is no reason for a stack trace: what was to be written rejects, and that is reported. */
function opened(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return stream.listenerCount("error") > 0 ? stream : stream.on("error", () => undefined);
}

const environment: CliEnvironment = {
  api: {
    build: async (options) => (await import("../api/build.js")).build(options),
    check: async (options) => (await import("../api/check.js")).check(options),
    outline: async (options) => (await import("../api/check.js")).outline(options),
    targets: async (options) => (await import("../api/check.js")).targets(options),
    collect: async (options) => (await import("../api/collect.js")).collect(options),
    openImageStore: async (options) => (await import("../api/image-store.js")).openImageStore(options),
    login: async (options) => (await import("../api/registry-login.js")).login(options),
    logout: async (options) => (await import("../api/registry-login.js")).logout(options),
    doctor: async (options) => (await import("../api/doctor.js")).doctor(options),
    openBuildHistory: async (options) => (await import("../api/build-history.js")).openBuildHistory(options),
  },
  // Each is opened when a command asks for it: that takes up to a millisecond.
  get stdin() {
    return process.stdin;
  },
  get stdout() {
    return opened(process.stdout);
  },
  get stderr() {
    return opened(process.stderr);
  },
  env: process.env,
  cwd: process.cwd(),
  signal: abort.signal,
  now: Date.now,
};

// Nothing is under way any more, and the command is not done: a bug, which must never look like success.
process.once("beforeExit", () => {
  void import("./render-error.js").then(({ renderError }) => {
    process.stderr.write(renderError(new Error("internal: the command stopped before it had ended")));
    process.exit(1);
  });
});

// No await at the top level: the bundle may be CommonJS.
void runCli(process.argv.slice(2), environment).then((code) => process.exit(abort.signal.aborted ? CANCELED : code));
