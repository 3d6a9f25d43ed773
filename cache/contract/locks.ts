/** Locks between processes (flock): given back by the kernel when their owner dies. */
export interface Locks {
  /** Waits for the lock; `onWait` is called once when it has to. Rejects with CanceledError on abort. */
  acquire(name: string, options?: { readonly signal?: AbortSignal; readonly onWait?: () => void }): Promise<Lock>;
  /** The lock, or undefined when somebody has it. */
  tryAcquire(name: string): Lock | undefined;
  /** A share of the lock, which any number may have while nobody has all of it; undefined when somebody has. */
  tryShare(name: string): Lock | undefined;
}

export interface Lock {
  release(): void;
}
