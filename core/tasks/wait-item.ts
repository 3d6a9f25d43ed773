/** Reports progress of one part of a piece of work. */
type Progress = (item: string, current: number, total: number | undefined, done: boolean, wait: boolean) => void;

/** A line of progress that names a resource that is waited for, and its holder. */
export class WaitItem {
  readonly #what: string;
  readonly #progress: Progress;
  #shown: string | undefined;

  constructor(what: string, progress: Progress) {
    this.#what = what;
    this.#progress = progress;
  }

  /** Shows that `holder`, where known, has the resource. Replaces the line shown before. */
  held(holder: string | undefined): void {
    this.free();
    this.#shown = holder === undefined ? this.#what : `${this.#what}: ${holder}`;
    this.#progress(this.#shown, 0, undefined, false, true);
  }

  /** Ends the line that is shown, if any. */
  free(): void {
    if (this.#shown !== undefined) this.#progress(this.#shown, 0, undefined, true, true);
    this.#shown = undefined;
  }
}
