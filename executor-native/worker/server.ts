import { removalFailed, removalEnded } from "./errors.js";
import { spawn } from "node:child_process";
import { Socket } from "node:net";
import { isAbsolute } from "node:path";
import { transferError } from "../../core/error-transfer.js";
import { started } from "../../core/system/descriptors.js";
import { CanceledError } from "../../core/errors.js";
import type { SandboxExit, SandboxSpec } from "../contract.js";
import { sandboxFailed } from "../errors.js";
import type { HelperFailure } from "../helper-failure.js";
import { Emulators, PLATFORMS_TASK } from "../emulation/emulators.js";
import { helperPath } from "../helper-path.js";
import type { StackCommand } from "../network/stacks.js";
import { noNetworkInTier, proxyNetworkFailed } from "../network/errors.js";
import { makeProxyNetwork, type ProxyNetwork } from "../network/proxy-network.js";
import { NETWORK_TASK, StepNetwork } from "../network/step-network.js";
import { CHROOT_ARGUMENT, COPIED_ROOTS_ARGUMENT, OUTER_PROC_ARGUMENT, SUPERVISED_ARGUMENT } from "../ownership.js";
import type { CheckChannel } from "./check-channel.js";
import { encodeMessage, FrameReader, outputHeader, type Request, type Response } from "./protocol.js";
import { WorkingRoots } from "../chroot/working-roots.js";
import { Limiter } from "../limits/limiter.js";
import { LIMITS_TASK, type LimitsTaskParams } from "../limits/prepare-limits.js";
import { limitedRun } from "./limited-run.js";
import { type RunningSandbox, startChroot, startInWorkingRoot, startSandbox } from "./sandbox.js";

export interface TaskContext {
  readonly signal: AbortSignal;
  /** Sends structured-clone data, delivered in order before the result. */
  readonly progress: (value: unknown) => void;
}

/**
 * Work inside the user namespace. Parameters come from another process: a task and its caller agree
 * on their type.
 */
type TaskFunction = (params: never, context: TaskContext) => unknown;

/** Runs the tasks that are not inline, usually on a pool of threads. */
type TaskRunner = (name: string, params: unknown, context: TaskContext) => Promise<unknown>;

interface ServeOptions {
  /**
   * Tasks that run here, between moving the output of sandboxes: they must be short or
   * asynchronous.
   */
  readonly tasks?: Readonly<Record<string, TaskFunction>>;
  /** Runner of all other tasks. */
  readonly runTask?: TaskRunner;
}

/** Descriptor of the connection to the main process; {@link ../start-worker.ts} puts it there. */
const SOCKET_FD = 3;

/**
 * Serves the worker's side: answers requests until the main process closes the connection or is
 * gone, then stops every sandbox and ends this process. Called once, by the entry file.
 */
export function serveWorker(options: ServeOptions): void {
  const socket = new Socket({ fd: SOCKET_FD, readable: true, writable: true });
  const reader = new FrameReader<Request>();
  const aborts = new Map<number, () => void>();
  const sandboxes = new Map<number, RunningSandbox>();
  /** Interactive runs, by their requests. */
  const interactive = new Map<number, Promise<RunningSandbox | undefined>>();
  const hasNoNamespaces = [CHROOT_ARGUMENT, SUPERVISED_ARGUMENT].some((name) => process.argv.includes(name));
  const copiesRoots = hasNoNamespaces || process.argv.includes(COPIED_ROOTS_ARGUMENT);
  const roots = copiesRoots ? new WorkingRoots(process.cwd(), removeTrees) : undefined;
  // Without a user namespace of its own this process would change the machine's interpreters.
  const emulators = new Emulators({
    directory: process.cwd(),
    hasLoader: process.argv.includes(SUPERVISED_ARGUMENT),
    ...(process.argv.includes(CHROOT_ARGUMENT) && { interpreters: () => [] }),
  });
  let made: Limiter | undefined;
  const limiter = (): Limiter => (made ??= new Limiter());
  const network = new StepNetwork();
  let ending = false;
  /** Runs whose output the main process does not take now. */
  const held = new Set<number>();

  const send = (message: Response): void => {
    if (!socket.destroyed) socket.write(encodeMessage(message));
  };
  const output = (id: number, stream: "stdout" | "stderr", data: Buffer): void => {
    if (socket.destroyed) return;
    socket.cork();
    socket.write(outputHeader(id, stream, data.length));
    const room = socket.write(data);
    socket.uncork();
    // The main process does not keep up: the commands wait, so that their output is not collected
    // here.
    if (!room) for (const sandbox of sandboxes.values()) sandbox.pause();
  };
  socket.on("drain", () => {
    for (const [id, sandbox] of sandboxes) if (!held.has(id)) sandbox.resume();
  });
  const holdOutput = (run: number, paused: boolean): void => {
    if (!sandboxes.has(run)) return;
    if (paused) held.add(run);
    else held.delete(run);
    if (paused) sandboxes.get(run)?.pause();
    else if (!socket.writableNeedDrain) sandboxes.get(run)?.resume();
  };

  const runIn = async (
    id: number,
    spec: SandboxSpec,
    within: number | undefined,
    onStarted: (sandbox?: RunningSandbox) => void,
  ): Promise<SandboxExit> => {
    const onOutput = (stream: "stdout" | "stderr", data: Buffer): void => output(id, stream, data);
    const start = hasNoNamespaces ? startChroot : startSandbox;
    const limited = limitedRun(spec, limiter);
    const hooks = { ...limited.hooks, onOutput, network: within };
    try {
      const sandbox = roots ? startInWorkingRoot(start, spec, roots, hooks) : startSandbox(spec, undefined, hooks);
      sandboxes.set(id, sandbox);
      onStarted(sandbox);
      aborts.set(id, () => sandbox.stop());
      const exit = await limited.finish(sandbox, (report) => send({ type: "progress", id, value: report }));
      if (spec.network === "private" && network.failure) throw network.failure;
      return exit;
    } catch (error) {
      // A sandbox that got far enough has removed it already.
      await removeTrees([spec.rootfs.work]);
      throw error;
    } finally {
      sandboxes.delete(id);
      held.delete(id);
      limited.close();
    }
  };

  const checkHealth = async (id: number, run: number): Promise<unknown> => {
    let checks: CheckChannel | undefined;
    let isAborted = false;
    aborts.set(id, () => {
      isAborted = true;
      checks?.kill();
    });
    checks = (await interactive.get(run))?.checks;
    return isAborted ? undefined : await checks?.check();
  };

  const perform = async (request: Exclude<Request, { readonly type: "abort" }>): Promise<unknown> => {
    if (request.type === "run") {
      let onStarted: (sandbox?: RunningSandbox) => void = () => {};
      if (request.spec.interactive) interactive.set(request.id, new Promise((resolve) => (onStarted = resolve)));
      let isAborted = false;
      aborts.set(request.id, () => (isAborted = true));
      const { platform } = request.spec;
      if (platform !== undefined) await emulators.prepare(platform);
      const emulator = platform === undefined ? undefined : emulators.ofLoader(platform);
      const spec = emulator ? { ...request.spec, emulator } : request.spec;
      const joined = spec.network === "private" ? network.join(() => sandboxes.get(request.id)?.stop()) : undefined;
      let own: ProxyNetwork | undefined;
      try {
        if (spec.proxy && hasNoNamespaces) throw proxyNetworkFailed(noNetworkInTier("chroot"));
        own = spec.proxy && (await makeProxyNetwork(spec.proxy));
        if (isAborted) throw new CanceledError();
        return await runIn(request.id, spec, joined?.descriptor ?? own?.descriptor, onStarted);
      } catch (error) {
        throw (joined && network.failure) ?? error;
      } finally {
        // Input that still waits for the start is answered, too.
        onStarted();
        interactive.delete(request.id);
        joined?.leave();
        own?.close();
      }
    }
    if (request.type === "input") return await (await interactive.get(request.run))?.write(request.data);
    if (request.type === "order") return (await interactive.get(request.run))?.order(request.order);
    if (request.type === "check") return await checkHealth(request.id, request.run);
    if (request.type === "flow") return holdOutput(request.run, request.paused);
    if (request.type === "remove") return await removeTrees(request.paths);
    const abort = new AbortController();
    aborts.set(request.id, () => abort.abort(new CanceledError()));
    const context: TaskContext = { signal: abort.signal, progress: (value) => send({ type: "progress", id: request.id, value }) };
    if (request.name === LIMITS_TASK) return limiter().report(...(request.params as LimitsTaskParams));
    if (request.name === PLATFORMS_TASK) return await emulators.platforms();
    if (request.name === NETWORK_TASK) return await network.start(request.params as StackCommand);
    const task = options.tasks?.[request.name];
    if (task) return await task(request.params as never, context);
    if (options.runTask) return await options.runTask(request.name, request.params, context);
    throw new Error(`internal: the worker has no task "${request.name}"`);
  };

  const answer = async (request: Exclude<Request, { readonly type: "abort" }>): Promise<void> => {
    try {
      send({ type: "done", id: request.id, value: await perform(request) });
    } catch (error) {
      send({ type: "failed", id: request.id, error: transferError(error) });
    } finally {
      aborts.delete(request.id);
    }
  };

  const end = (): void => {
    if (ending) return;
    ending = true;
    for (const abort of aborts.values()) abort();
    // No reader is left for results. The wait lets the sandboxes tidy up their directories.
    void Promise.allSettled([...sandboxes.values()].map((sandbox) => sandbox.done))
      .then(() => network.close())
      .then(() => roots?.close())
      .then(() => made?.close())
      .finally(() => process.exit(0));
  };

  socket.on("data", (chunk: Buffer) => {
    for (const frame of reader.read(chunk)) {
      if (frame.kind !== "message") continue;
      const request = frame.message;
      if (request.type === "abort") {
        aborts.get(request.id)?.();
        continue;
      }
      void answer(request);
    }
  });
  socket.on("end", end);
  socket.on("close", end);
  socket.on("error", end);
  send({ type: "ready", outerProc: process.argv.includes(OUTER_PROC_ARGUMENT) });
}

/** Removes trees in a process of its own, so that a large tree does not block this one. */
async function removeTrees(paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const relative = paths.find((path) => !isAbsolute(path));
  if (relative !== undefined) throw new Error(`internal: a relative path is to be removed: "${relative}"`);
  await new Promise<void>((resolve, reject) => {
    const child = started(spawn(helperPath(), ["remove"], { cwd: "/", env: {}, stdio: ["pipe", "ignore", "pipe"] }));
    let status = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      status += text;
    });
    child.on("error", (error) => reject(removalFailed(error)));
    child.on("close", (code) => {
      if (code === 0) resolve();
      else if (status.startsWith("{")) reject(sandboxFailed(JSON.parse(status) as HelperFailure));
      else reject(removalEnded(code));
    });
    child.stdin.on("error", () => {}); // Its status says why it stopped reading.
    child.stdin.end(paths.map((path) => `${path}\0`).join(""));
  });
}
