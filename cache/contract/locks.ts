/** Locks between processes (flock): given back by the kernel when their owner dies. */
export interface Locks {
  /**
   * Waits for the lock; `onWait` is called when it has to, and again when the holder changes or is stopped. It gets a name of the holder for people (`process 4711`), undefined when
   * that is this process or nobody knows. Rejects with CanceledError on abort.
   */
  acquire(name: string, options?: { readonly signal?: AbortSignal; readonly onWait?: (holder: string | undefined) => void }): Promise<Lock>;
  /** The lock, or undefined when somebody has it. */
  tryAcquire(name: string): Lock | undefined;
  /** A share of the lock, which any number may have while nobody has all of it; undefined when somebody has. */
  tryShare(name: string): Lock | undefined;
}

export interface Lock {
  release(): void;
}
