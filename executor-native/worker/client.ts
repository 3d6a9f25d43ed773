import { workerClosed } from "./errors.js";
import type { ChildProcess } from "node:child_process";
import type { Socket } from "node:net";
import { restoreError } from "../../core/error-transfer.js";
import { throwIfAborted } from "../../core/errors.js";
import type { RunIo, SandboxExit, SandboxSpec, Worker } from "../contract.js";
import { workerGone } from "../errors.js";
import type { Tier } from "../tier.js";
import { interact } from "./interaction.js";
import { encodeMessage, FrameReader, type Request, type Response } from "./protocol.js";

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onOutput?: (stream: "stdout" | "stderr", data: Uint8Array) => void;
  readonly onProgress?: ((value: unknown) => void) | undefined;
}

export interface Connection {
  readonly tier: Tier;
  readonly copiesRoots: boolean;
  readonly child: ChildProcess;
  readonly socket: Socket;
  /** Returns the last bytes that the worker wrote to standard error. */
  readonly errors: () => string;
}

/**
 * The main process's side of a worker. A worker without requests does not keep the main process
 * alive.
 */
export class WorkerClient implements Worker {
  readonly #connection: Connection;
  readonly #pending = new Map<number, Pending>();
  readonly #exited: Promise<void>;
  #nextId = 1;
  /** Reason why no request can be sent any more. */
  #ended: Error | undefined;
  #outerProc = false;

  private constructor(connection: Connection) {
    this.#connection = connection;
    const { child } = connection;
    // Its last output is read to the end. Otherwise nothing might keep this process alive until
    // then, and it would end as if all were well.
    child.once("exit", () => (child.stderr as Socket | null)?.ref());
    this.#exited = new Promise((resolve) => {
      child.once("close", (code, signal) => {
        this.#fail(workerGone(signal ?? `exit code ${code}`, connection.errors()));
        resolve();
      });
    });
  }

  /**
   * Resolves when the worker is ready. Rejects with undefined when the worker ends before; the
   * caller finds the reason.
   */
  static connect(connection: Connection): Promise<WorkerClient> {
    return new Promise((resolve, reject) => {
      const client = new WorkerClient(connection);
      const reader = new FrameReader<Response>();
      const { socket } = connection;
      socket.on("data", (chunk: Buffer) => {
        for (const frame of reader.read(chunk)) {
          if (frame.kind === "output") client.#pending.get(frame.id)?.onOutput?.(frame.stream, frame.data);
          else if (frame.message.type === "ready") {
            client.#outerProc = frame.message.outerProc;
            client.#idle();
            resolve(client);
          } else client.#receive(frame.message);
        }
      });
      socket.on("error", () => {}); // The worker is gone: its exit says how.
      void client.#exited.then(() => reject());
    });
  }

  get outerProc(): boolean {
    return this.#outerProc;
  }

  get tier(): Tier {
    return this.#connection.tier;
  }

  get copiesRoots(): boolean {
    return this.#connection.copiesRoots;
  }

  async run(spec: SandboxSpec, io: RunIo): Promise<SandboxExit> {
    let end = (): void => {};
    let id = 0;
    /** Errors of the reader of output. The first ends the command, and rejects. */
    const failures: unknown[] = [];
    const onOutput = heldBack(io.onOutput, {
      hold: (paused) => this.#hold(id, paused),
      fail: (error) => {
        if (failures.push(error) === 1) this.#abort(id);
      },
    });
    const begin = (run: number): Request => {
      if (spec.interactive) end = interact(run, io, (request, signal) => this.#ask(request, {}, signal));
      id = run;
      return { type: "run", id: run, spec };
    };
    try {
      const exit = await this.#ask(begin, { onOutput, onProgress: io.onReport as Pending["onProgress"] }, io.signal);
      if (failures.length === 0) return exit as SandboxExit;
    } catch (error) {
      if (failures.length === 0) throw error;
    } finally {
      end();
    }
    throw failures[0];
  }

  async task<R>(
    name: string,
    params: unknown,
    options: { readonly signal?: AbortSignal; readonly onProgress?: (value: unknown) => void } = {},
  ): Promise<R> {
    return (await this.#ask((id) => ({ type: "task", id, name, params }), { onProgress: options.onProgress }, options.signal)) as R;
  }

  async remove(paths: readonly string[]): Promise<void> {
    if (paths.length > 0) await this.#ask((id) => ({ type: "remove", id, paths }), {});
  }

  async close(): Promise<void> {
    this.#fail(workerClosed());
    this.#connection.child.ref();
    this.#connection.socket.end();
    await this.#exited;
    this.#connection.socket.destroy();
  }

  async #ask(request: (id: number) => Request, handlers: Pick<Pending, "onOutput" | "onProgress">, signal?: AbortSignal): Promise<unknown> {
    throwIfAborted(signal);
    if (this.#ended) throw this.#ended;
    const id = this.#nextId++;
    const { socket, child } = this.#connection;
    const abort = (): void => this.#abort(id);
    signal?.addEventListener("abort", abort, { once: true });
    try {
      const value = await new Promise((resolve, reject) => {
        this.#pending.set(id, { resolve, reject, ...handlers });
        if (this.#pending.size === 1) {
          socket.ref();
          child.ref();
        }
        socket.write(encodeMessage(request(id)));
      });
      throwIfAborted(signal);
      return value;
    } catch (error) {
      // The caller asked for an end: its abort is reported in the place of any error after it.
      throwIfAborted(signal);
      throw error;
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#pending.delete(id);
      this.#idle();
    }
  }

  /** Lets a command wait until its output is taken, or go on. */
  #hold(run: number, paused: boolean): void {
    if (this.#ended) return;
    // The run itself reports that the worker is gone.
    void this.#ask((id) => ({ type: "flow", id, run, paused }), {}).catch(() => undefined);
  }

  #receive(message: Exclude<Response, { readonly type: "ready" }>): void {
    const pending = this.#pending.get(message.id);
    switch (message.type) {
      case "progress":
        pending?.onProgress?.(message.value);
        return;
      case "done":
        pending?.resolve(message.value);
        return;
      case "failed":
        pending?.reject(restoreError(message.error));
        return;
    }
  }

  #fail(error: Error): void {
    this.#ended ??= error;
    for (const pending of this.#pending.values()) pending.reject(this.#ended);
  }

  /**
   * Lets the process end while no request runs. Note that a worker that is closed is still waited
   * for, also when requests are rejected meanwhile.
   */
  #abort(id: number): void {
    if (!this.#ended) this.#connection.socket.write(encodeMessage({ type: "abort", id }));
  }

  #idle(): void {
    if (this.#pending.size > 0 || this.#ended) return;
    this.#connection.socket.unref();
    this.#connection.child.unref();
  }
}

interface Held {
  readonly hold: (paused: boolean) => void;
  /** Called with what `take` threw, or its promise was rejected with. */
  readonly fail: (error: unknown) => void;
}

/** Returns a receiver of output that holds the command while its output is not taken. */
function heldBack(take: RunIo["onOutput"], { hold, fail }: Held): NonNullable<Pending["onOutput"]> {
  let waiting = 0;
  const wait = async (taken: Promise<void>): Promise<void> => {
    if (waiting++ === 0) hold(true);
    await taken.catch(fail);
    if (--waiting === 0) hold(false);
  };
  return (stream, data) => {
    try {
      const taken: unknown = take(stream, data);
      // A program may return anything, such as the answer of a stream's `write`.
      if (taken instanceof Promise) void wait(taken);
    } catch (error) {
      fail(error);
    }
  };
}
