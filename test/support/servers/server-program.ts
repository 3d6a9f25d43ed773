import { randomInt } from "node:crypto";
import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { until } from "../until.js";

/** A server that was not written here, on loopback. */
export interface ServerProgram {
  /** Returns true while it runs. */
  readonly alive: () => boolean;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts a server and waits until it listens on `port`. Ignores its output. */
export async function startServer(command: string, args: readonly string[], port: number): Promise<ServerProgram> {
  const child = spawn(command, args, { stdio: "ignore" });
  const ended = new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
  const alive = () => isRunning(child);
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await ended;
  };
  try {
    await listening(port, alive, command);
  } catch (error) {
    await stop();
    throw error;
  }
  return { alive, stop };
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/**
 * Finds a port of loopback on which nothing listens. Note that we draw it from below the range of
 * the kernel's own choice, because a connection of another process could take one of those until
 * the server starts.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** Tries to connect until the server listens: these programs do not report that they are ready. */
async function listening(port: number, alive: () => boolean, name: string): Promise<void> {
  let open = false;
  await until(async () => {
    open = alive() && (await connects(port));
    return open || !alive();
  });
  if (!open) throw new Error(`${name} did not start`);
}

function connects(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(socket.end() !== undefined));
    socket.once("error", () => resolve(false));
  });
}
