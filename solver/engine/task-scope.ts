import { setMaxListeners } from "node:events";
import { abortError } from "../../core/errors.js";

/**
 * The tasks of one solve, which live and die together. The first failure, or the caller's abort,
 * aborts the scope's signal, and {@link join} ends only when every task has ended. So nothing runs
 * on after `solve` has returned.
 */
export class TaskScope {
  readonly #controller = new AbortController();
  readonly #parent: AbortSignal;
  readonly #onParentAbort = () => this.fail(abortError(this.#parent));
  #failure: { readonly error: unknown } | undefined;
  #active = 0;
  #idle: (() => void) | undefined;

  constructor(parent: AbortSignal) {
    this.#parent = parent;
    // Thousands of vertices may wait for the one signal; that is no leak.
    setMaxListeners(0, this.#controller.signal);
    if (parent.aborted) this.#onParentAbort();
    else parent.addEventListener("abort", this.#onParentAbort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** Aborts everything. {@link join} throws the first error. */
  fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = { error };
    this.#controller.abort(error);
  }

  /** Starts a task; its rejection fails the scope. Starts nothing in a scope that has failed. */
  run(task: () => Promise<void>): void {
    if (this.#failure) return;
    this.enter();
    task()
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.leave());
  }

  /** Counts a task of this scope that is no promise yet. Every `enter` needs one `leave`. */
  enter(): void {
    this.#active++;
  }

  leave(): void {
    if (--this.#active === 0) this.#idle?.();
  }

  /** Waits until no task is left, then throws the first failure. */
  async join(): Promise<void> {
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#idle = resolve));
    this.#idle = undefined;
    if (this.#failure) throw this.#failure.error;
  }

  /** Ends the scope. Call it once, when no task is left. */
  close(): void {
    this.#parent.removeEventListener("abort", this.#onParentAbort);
  }
}
