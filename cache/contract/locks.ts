/** Locks between processes (flock). The kernel releases them when their owner dies. */
export interface Locks {
  /**
   * Waits for the lock. Calls `onWait` when it has to wait, and again when the holder changes or is
   * stopped. `onWait` gets a name of the holder for people (`process 4711`), or undefined for this
   * process and for an unknown one. Rejects with CanceledError on abort.
   */
  acquire(name: string, options?: { readonly signal?: AbortSignal; readonly onWait?: (holder: string | undefined) => void }): Promise<Lock>;
  /** Returns the lock, or undefined when another owner has it. */
  tryAcquire(name: string): Lock | undefined;
  /**
   * Returns a share of the lock, which any number of owners may have while none has all of it.
   * Returns undefined when one has.
   */
  tryShare(name: string): Lock | undefined;
}

export interface Lock {
  release(): void;
}
