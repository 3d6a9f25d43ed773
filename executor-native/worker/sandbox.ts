import { sandboxNotStarted } from "./errors.js";
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Duplex, Readable, Writable } from "node:stream";
import { started } from "../../core/system/descriptors.js";
import { CanceledError } from "../../core/errors.js";
import type { StepUsage } from "../../core/events.js";
import { ownersFile } from "../../core/system/owners-file.js";
import type { SandboxExit, SandboxSpec } from "../contract.js";
import { CheckChannel } from "./check-channel.js";
import { encodeOrder, writeInput } from "./interaction.js";
import type { Order } from "./protocol.js";
import type { WorkingRoot, WorkingRoots } from "../chroot/working-roots.js";
import { insecureWithoutNamespaces, pathTooLong, sandboxFailed, sandboxKilled } from "../errors.js";
import { helperPath } from "../helper-path.js";
import { identity } from "../id-map.js";
import type { WrittenPlace } from "../limits/disk-usage.js";
import { mappedIds } from "../mapped-ids.js";
import { HOST_ROOT_ARGUMENT, OUTER_PROC_ARGUMENT, SUPERVISED_ARGUMENT } from "../ownership.js";
import { mountPoints } from "./mount-points.js";
import { type AllIds, encodeSpec, type VirtualOwnership } from "./spec-encoding.js";
import { outcome, parseStatus, signalName, usageOf } from "./status-line.js";
import { namesUnmappedIds } from "./unmapped-ids.js";

/** Calls for what happens to a sandbox. */
export interface SandboxHooks {
  readonly onOutput: (stream: "stdout" | "stderr", data: Buffer) => void;
  /**
   * Called with the pid of the process that runs the step, before it reads what it has to do, and
   * with the place of its changes.
   */
  readonly onStart: (pid: number, place: WrittenPlace) => void;
  readonly onUsage: (usage: StepUsage) => void;
  /** Processors that the step begins on; all when it is not there. */
  readonly processors?: readonly number[];
  /** Tasks that its user may have, those of others included; any number when it is not there. */
  readonly mostTasks?: number;
  /** Descriptor of the network that a `private` or `proxy` step joins. */
  readonly network?: number | undefined;
}

export interface RunningSandbox {
  /** Resolves or rejects when every process is gone and nothing is mounted any more. */
  readonly done: Promise<SandboxExit>;
  /** Kills every process; `done` then rejects with CanceledError. */
  stop(): void;
  /** Stops reading output: the command blocks when its pipe is full. */
  pause(): void;
  resume(): void;
  /** Resolves when the command of an interactive run takes more input. No data ends the input. */
  write(data: Uint8Array | undefined): Promise<void>;
  order(order: Order): void;
  /** Orders health checks of the command; undefined where it has none. */
  readonly checks: CheckChannel | undefined;
}

/**
 * Starts a sandbox. Runs inside the user namespace, in the directory for this worker's own files.
 * One native process for each sandbox does all the work; this process only moves bytes.
 */
export function startSandbox(spec: SandboxSpec, root: WorkingRoot | undefined, hooks: SandboxHooks): RunningSandbox {
  const { lowers } = spec.rootfs;
  const owners = virtualOwnership(spec);
  const bytes = encodeSpec(
    { ...spec, rootfs: { ...spec.rootfs, lowers: root ? lowers : [mountPoints(process.cwd()), ...lowers] } },
    {
      parent: process.pid,
      owners,
      ...(root ? { root } : {}),
      ...watchedLimits(hooks),
      allIds: allIds(),
      isHostRoot: process.argv.includes(HOST_ROOT_ARGUMENT),
      outerProc: process.argv.includes(OUTER_PROC_ARGUMENT),
    },
  );
  return start("run", bytes, spec, hooks, root);
}

/** Starts a step in a root of its own, without namespaces. */
export function startChroot(spec: SandboxSpec, root: WorkingRoot, hooks: SandboxHooks): RunningSandbox {
  if (spec.security === "insecure") throw insecureWithoutNamespaces();
  const options = { parent: process.pid, allIds: allIds(), isHostRoot: false, outerProc: false, root };
  const withoutNamespaces = { translated: process.argv.includes(SUPERVISED_ARGUMENT) };
  return start("chroot", encodeSpec(spec, { ...options, ...watchedLimits(hooks), withoutNamespaces }), spec, hooks, root);
}

/** Starts a step whose root is a copy of its layers, which the steps after it may go on with. */
export function startInWorkingRoot(
  startIn: (spec: SandboxSpec, root: WorkingRoot, hooks: SandboxHooks) => RunningSandbox,
  spec: SandboxSpec,
  roots: WorkingRoots,
  hooks: SandboxHooks,
): RunningSandbox {
  const root = roots.take(spec.rootfs.lowers);
  const running = attempt(() => startIn(spec, root, hooks), root);
  const done = running.done.then(
    (exit) => {
      // The files that a failed step left are in no layer.
      if ("code" in exit && exit.code === 0) root.keep(spec.rootfs.upper);
      else root.discard();
      return exit;
    },
    (error: unknown) => {
      root.discard();
      throw error;
    },
  );
  return { ...running, done };
}

function attempt(action: () => RunningSandbox, root: WorkingRoot): RunningSandbox {
  try {
    return action();
  } catch (error) {
    root.discard();
    throw error;
  }
}

/** Descriptor of the orders to an interactive command, see helper/modes/runner.h. */
const ORDERS_FD = 6;
/** Descriptor of the orders of health checks, see helper/spec/spec.h. */
const CHECK_FD = 7;

/** Returns the descriptors from 5 on: network of steps, orders to a command and to its checker. */
function furtherStreams({ interactive = false, check }: SandboxSpec, network: number | undefined): (number | "pipe" | "ignore")[] {
  if (!interactive) return network === undefined ? [] : [network];
  return [network ?? "ignore", "pipe", ...(check ? (["pipe"] as const) : [])];
}

function start(
  mode: "run" | "chroot",
  bytes: Buffer,
  spec: SandboxSpec,
  hooks: SandboxHooks,
  root: WorkingRoot | undefined,
): RunningSandbox {
  // Steps see the command line of their first process, which must not show where tsbuild is
  // installed.
  const child = started(
    spawn(helperPath(), [mode], {
      argv0: "tsbuild-sandbox",
      cwd: "/",
      env: {},
      stdio: [spec.interactive ? "pipe" : "ignore", "pipe", "pipe", "pipe", "pipe", ...furtherStreams(spec, hooks.network)],
    }),
  );
  const outputs = [child.stdout as Readable, child.stderr as Readable];
  let stopped = false;
  let status = "";
  child.stdout?.on("data", (data: Buffer) => hooks.onOutput("stdout", data));
  child.stderr?.on("data", (data: Buffer) => hooks.onOutput("stderr", data));
  (child.stdio[4] as Readable | null)?.setEncoding("utf8").on("data", (text: string) => {
    status += text;
  });
  const orders = (child.stdio as readonly unknown[])[ORDERS_FD] as Writable | null | undefined;
  for (const stream of [orders, child.stdin]) stream?.on("error", () => {}); // The command has ended.
  const checks = (child.stdio as readonly unknown[])[CHECK_FD] as Duplex | null | undefined;
  const specPipe = child.stdio[3] as Writable | null;
  specPipe?.on("error", () => {}); // It ended before it read everything; its status says why.
  const place = { directory: root ? join(root.folder, "root") : spec.rootfs.upper, hasLayers: root !== undefined };
  begin(child, specPipe, bytes, { ...hooks, onStart: (pid) => hooks.onStart(pid, place) });

  const done = ended(child).then((how) => {
    const lines = status.split("\n").flatMap((line) => parseStatus(line) ?? []);
    for (const line of lines) if (line.status === "usage") hooks.onUsage(usageOf(line));
    const keeping = lines.findIndex((one) => one.status === "keeping");
    const line = outcome((keeping < 0 ? lines : lines.slice(0, keeping)).filter((one) => one.status !== "usage"));
    const kept = lines.some((one) => one.status === "kept") ? ({ kept: true } as const) : {};
    if (stopped || line?.status === "stopped") throw new CanceledError();
    if (line === undefined) throw sandboxKilled(how);
    switch (line.status) {
      case "error":
        throw sandboxFailed(line);
      case "not-started":
        return { code: line.code, ...kept };
      case "exit":
        return { ...(line.signal === undefined ? { code: line.code ?? 0 } : { signal: signalName(line.signal) }), ...kept };
      case "too-long":
        throw pathTooLong(line.path, spec.rootfs.upper);
      case "killed":
        throw sandboxKilled(signalName(line.signal));
      case "usage":
      case "keeping":
      case "kept":
        throw sandboxKilled(how);
    }
  });
  return {
    done,
    stop() {
      stopped = true;
      for (const output of outputs) output.resume();
      child.kill("SIGTERM");
    },
    pause() {
      for (const output of outputs) output.pause();
    },
    resume() {
      for (const output of outputs) output.resume();
    },
    write: (data) => writeInput(child.stdin, data),
    order: (order) => void orders?.write(encodeOrder(order)),
    checks: checks ? new CheckChannel(checks) : undefined,
  };
}

/** Hands its work to a process that has started. Nothing of the step runs before. */
function begin(child: ChildProcess, pipe: Writable | null, bytes: Buffer, hooks: { readonly onStart: (pid: number) => void }): void {
  try {
    if (child.pid !== undefined) hooks.onStart(child.pid);
    pipe?.end(bytes);
  } catch (error) {
    child.once("close", () => {});
    pipe?.destroy();
    child.kill("SIGKILL");
    throw error;
  }
}

function watchedLimits({ processors, mostTasks }: SandboxHooks): Pick<SandboxHooks, "processors" | "mostTasks"> {
  return { ...(processors ? { processors } : {}), ...(mostTasks === undefined ? {} : { mostTasks }) };
}

function allIds(): AllIds {
  return { uids: identity(readFileSync("/proc/self/uid_map", "utf8")), gids: identity(readFileSync("/proc/self/gid_map", "utf8")) };
}

/** Returns which ids are mapped. Devices are virtual also where all of them are. */
function virtualOwnership(spec: SandboxSpec): VirtualOwnership {
  const mapped = mappedIds();
  // An interactive command cannot begin again: its input is gone.
  const supervised = !mapped.complete && (mapped.single || spec.interactive === true || namesUnmappedIds(spec, mapped));
  return { file: ownersFile(spec.rootfs.upper), mapped, supervised };
}

/** Resolves with the exit of the process, when it has ended and its pipes are closed. */
function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on("error", (error) => {
      if (child.pid === undefined) {
        reject(sandboxNotStarted(error));
      }
    });
    child.on("close", (code, signal) => resolve(signal ?? `exit code ${code}`));
  });
}
