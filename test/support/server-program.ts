import { type ChildProcess, spawn } from "node:child_process";
import { type AddressInfo, connect, createServer } from "node:net";

/** A server that was not written here, on loopback. */
export interface ServerProgram {
  /** Whether it still runs. */
  readonly alive: () => boolean;
  /** Resolves when it has ended. */
  stop(): Promise<void>;
}

/** Starts a server and waits until it listens on `port`. What it prints is passed over. */
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

/** A port of loopback on which nothing listens now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Tries to connect until somebody listens: these programs have no other way to say that they are ready. */
async function listening(port: number, alive: () => boolean, name: string): Promise<void> {
  for (const end = Date.now() + 20_000; Date.now() < end; ) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, "127.0.0.1", () => resolve(socket.end() !== undefined));
      socket.once("error", () => resolve(false));
    });
    if (open) return;
    if (!alive()) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${name} did not start`);
}
