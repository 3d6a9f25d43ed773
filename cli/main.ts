#!/usr/bin/env node
import { CanceledError } from "../core/errors.js";
import { nodeCommand } from "../core/node-command.js";
import type { CliEnvironment } from "./environment.js";
import { EXIT, INTERRUPTED } from "./exit-codes.js";
import { library } from "./library.js";
import { runCli } from "./run.js";

// The only file that knows the process: its arguments, streams, signals and exit code.

// Amazon's SDK, which finds credentials for S3 caches, prints a warning about every Node before 22.
// Note that we turn it off, because the SDK is part of our bundle: nobody could act on the warning.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";

const abort = new AbortController();
/** True when the command listens to the signal, and ends by itself when the signal is aborted. */
let listens = false;

/** True when the command reads its standard input. */
let reads = false;

/**
 * Milliseconds in which a second signal counts as the same ctrl-c: npm and other parents pass on a
 * signal that the terminal has sent to the whole group already.
 */
const SAME_KEY_PRESS = 300;
/** Takes signals in the place of an abort. */
let taken: ((name: NodeJS.Signals) => boolean) | undefined;
let interrupted: { readonly at: number; exitCode: number } | undefined;

for (const [name, exitCode] of Object.entries(INTERRUPTED)) {
  process.on(name, () => {
    if (taken?.(name as NodeJS.Signals) === true) return;
    const now = performance.now();
    interrupted ??= { at: now, exitCode };
    // The second ctrl-c ends the process at once. The next start cleans up.
    if (!listens || now - interrupted.at > SAME_KEY_PRESS) process.exit(interrupted.exitCode);
    // A parent's own signal may arrive before the terminal's ctrl-c.
    if (name === "SIGINT") interrupted.exitCode = exitCode;
    abort.abort();
    // Whoever waits for the standard input waits no longer.
    if (reads) process.stdin.destroy(new CanceledError());
  });
}

/**
 * Handles the errors of a stream: a reader that goes away, or a full disk, is no reason for a stack
 * trace. The write rejects, and that is reported.
 */
function opened(stream: NodeJS.WriteStream): NodeJS.WriteStream {
  return stream.listenerCount("error") > 0 ? stream : stream.on("error", () => undefined);
}

const environment: CliEnvironment = {
  api: library(() => opened(process.stderr)),
  // Each stream is opened when a command asks for it, which takes up to a millisecond.
  get stdin() {
    if (!reads) process.stdin.on("error", () => undefined);
    reads = true;
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
  program: [...nodeCommand(), ...process.argv.slice(1, 2)],
  setVariable: (name, value) => void (process.env[name] = value),
  get signal() {
    listens = true;
    return abort.signal;
  },
  takeSignals(take) {
    taken = take;
    return () => (taken = undefined);
  },
  now: Date.now,
};

/** Ends with an uncaught error: a bug, which is printed like any other error. */
async function crash(error: unknown): Promise<void> {
  const { renderError } = await import("./output/render-error.js");
  process.stderr.write(renderError(error, { debug: Boolean(process.env["TSBUILD_DEBUG"]) }));
  process.exit(EXIT.failure);
}

process.once("uncaughtException", (error) => void crash(error));
// No work is left, and the command is not done: a bug, which must never look like success.
process.once("beforeExit", () => void crash(new Error("internal: the command stopped before it had ended")));

// No await at the top level: the bundle may be CommonJS.
void runCli(process.argv.slice(2), environment).then((code) => process.exit(interrupted?.exitCode ?? code));
