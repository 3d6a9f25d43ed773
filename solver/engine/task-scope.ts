import { setMaxListeners } from "node:events";
import { abortError } from "../../core/errors.js";

/**
 * The tasks of one solve, which live and die together: the first failure, or the caller's abort, aborts the scope's signal, and
 * {@link join} ends only when every task has ended. So nothing goes on running behind the back of who called `solve`.
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

  /** Aborts everything; the first error is what {@link join} throws. */
  fail(error: unknown): void {
    if (this.#failure) return;
    this.#failure = { error };
    this.#controller.abort(error);
  }

  /** Starts a task; its rejection fails the scope. Nothing is started in a scope that has failed. */
  run(task: () => Promise<void>): void {
    if (this.#failure) return;
    this.enter();
    task()
      .catch((error: unknown) => this.fail(error))
      .finally(() => this.leave());
  }

  /** For what is a task of this scope without being a promise yet: every `enter` is answered by one `leave`. */
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

  /** To be called once, when no task is left. */
  close(): void {
    this.#parent.removeEventListener("abort", this.#onParentAbort);
  }
}
