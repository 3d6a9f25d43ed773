/**
 * Work that overlaps later steps, such as compressing a finished layer. Failures are not reported here: whoever needs the result asks for it again and
 * gets the error. `settled` must be awaited before its resources go away.
 */
export class Background {
  readonly #running = new Set<Promise<void>>();

  start(work: () => Promise<unknown>): void {
    const running: Promise<void> = work().then(
      () => {},
      () => {},
    );
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  async settled(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
