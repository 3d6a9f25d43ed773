import { spawn } from "node:child_process";
import { Duplex } from "node:stream";
import { systemErrorCode } from "../../../core/errors.js";
import { unreachable } from "../errors.js";

/** Bytes of a program's messages that are kept for the error about it. */
const MOST = 4096;

/** Milliseconds in which a program may end by itself when its input has ended. */
const GRACE = 2_000;

/**
 * Runs a program whose standard streams are the connection to a builder. Its last messages are the
 * reason when it ends. The program ends with the stream. Throws `builder/unreachable`.
 */
export async function commandStream(
  name: string,
  [program, ...args]: readonly [string, ...string[]],
  signal: AbortSignal,
): Promise<Duplex> {
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-MOST)));
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve);
    child.once("error", (error) => {
      const absent = ["ENOENT", "EACCES"].includes(systemErrorCode(error) ?? "");
      reject(unreachable(name, absent ? `${program} is not in PATH, or may not be run` : error.message, error));
    });
  });
  const stop = (): void => void child.kill("SIGTERM");
  signal.addEventListener("abort", stop, { once: true });
  // A program that does not read any more is reported by its end.
  child.stdin.on("error", () => undefined);
  const stream = new Duplex({
    read: () => void child.stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => void child.stdin.write(chunk, () => done()),
    final: (done) => void child.stdin.end(() => done()),
  });
  child.stdout.on("data", (chunk: Buffer) => {
    if (!stream.push(chunk)) child.stdout.pause();
  });
  child.once("close", (code, killedBy) => {
    signal.removeEventListener("abort", stop);
    if (stream.destroyed) return;
    const how = killedBy === null ? `ended with status ${code}` : `was ended by ${killedBy}`;
    stream.destroy(unreachable(name, `${program} ${how}${said.trim() === "" ? "" : `: ${said.trim()}`}`));
  });
  stream.once("close", () => {
    child.stdin.end();
    child.stdout.resume();
    setTimeout(stop, GRACE).unref();
  });
  return stream;
}
