import { spawn } from "node:child_process";
import { closeSync, openSync, readdirSync, readFileSync } from "node:fs";

export interface Finished {
  /** Wall clock in milliseconds. */
  readonly duration: number;
  /** Highest resident memory of the process tree that was sampled, in bytes. */
  readonly peakMemory: number;
  readonly stdout: string;
}

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** True samples memory, which costs a little time. */
  readonly memory?: boolean;
  /** File for the standard input. */
  readonly stdin?: string;
}

const SAMPLE_INTERVAL = 20;

/** Runs a command to its end. Throws with its output when it fails. */
export async function run(command: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const [file = "", ...args] = command;
  const env = { ...process.env, ...options.env };
  delete env["NODE_EXTRA_CA_CERTS"];
  const stdin = options.stdin === undefined ? undefined : openSync(options.stdin, "r");
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  try {
    const started = performance.now();
    const child = spawn(file, args, {
      env,
      stdio: [stdin ?? "ignore", "pipe", "pipe"],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    child.stdout?.on("data", (chunk: Buffer) => out.push(chunk));
    child.stderr?.on("data", (chunk: Buffer) => err.push(chunk));
    let peakMemory = 0;
    const sampler = options.memory
      ? setInterval(() => {
          if (child.pid !== undefined) peakMemory = Math.max(peakMemory, treeMemory(child.pid));
        }, SAMPLE_INTERVAL)
      : undefined;
    const status = await new Promise<number | string>((done, fail) => {
      child.on("error", fail);
      child.on("close", (code, signal) => done(code ?? signal ?? "unknown"));
    }).finally(() => clearInterval(sampler));
    const duration = performance.now() - started;
    if (status !== 0)
      throw new Error(
        `${command.join(" ")} ended with ${status}:\n${Buffer.concat([...out, ...err])
          .toString("utf8")
          .slice(-4000)}`,
      );
    return { duration, peakMemory, stdout: Buffer.concat(out).toString("utf8") };
  } finally {
    if (stdin !== undefined) closeSync(stdin);
  }
}

/** Returns true when a command runs and exits with 0. */
export async function answers(command: readonly string[], env: Readonly<Record<string, string | undefined>> = {}): Promise<boolean> {
  return run(command, { env }).then(
    () => true,
    () => false,
  );
}

/** Returns the resident bytes of a process and its descendants. */
function treeMemory(root: number): number {
  const children = new Map<number, number[]>();
  const resident = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      const parent = Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
      resident.set(Number(name), Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) * 1024);
    } catch {
      // The process ended meanwhile.
    }
  }
  let sum = 0;
  const queue = [root];
  for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
    sum += resident.get(pid) ?? 0;
    queue.push(...(children.get(pid) ?? []));
  }
  return sum;
}
