/** How work tells of a part of itself. */
export type Progress = (item: string, current: number, total: number | undefined, done: boolean) => void;

/** A line of progress that says what is waited for, and who has it. */
export class HeldItem {
  readonly #what: string;
  readonly #progress: Progress;
  #shown: string | undefined;

  constructor(what: string, progress: Progress) {
    this.#what = what;
    this.#progress = progress;
  }

  /** Shows that it is held, by `holder` where that is known, in the place of what was shown before. */
  held(holder: string | undefined): void {
    this.free();
    this.#shown = holder === undefined ? this.#what : `${this.#what}: ${holder}`;
    this.#progress(this.#shown, 0, undefined, false);
  }

  /** Ends what is shown, if anything. */
  free(): void {
    if (this.#shown !== undefined) this.#progress(this.#shown, 0, undefined, true);
    this.#shown = undefined;
  }
}
