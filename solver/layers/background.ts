/**
 * Work that overlaps later steps, such as compressing a finished layer. The work reports no
 * failures: a user of the result asks for the result again and gets the error. `idle` must be
 * awaited before its resources are released.
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

  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }
}
