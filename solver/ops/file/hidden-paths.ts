/** Paths of a tree that are gone, each with everything below. */
export class HiddenPaths {
  /** Some lie below others. */
  readonly #paths = new Set<string>();

  get isEmpty(): boolean {
    return this.#paths.size === 0;
  }

  paths(): Iterable<string> {
    return this.#paths;
  }

  add(path: string): void {
    this.#paths.add(path);
  }

  has(path: string): boolean {
    return this.#paths.has(path);
  }

  /** Returns true when a path, or a directory above it, is gone. */
  covers(path: string): boolean {
    if (this.#paths.size === 0) return false;
    for (let at = path; ; ) {
      if (this.#paths.has(at)) return true;
      const slash = at.lastIndexOf("/");
      if (slash === -1) return false;
      at = at.slice(0, slash);
    }
  }

  /** Returns true when a path is gone, but not with a directory above it. */
  isTopmost(path: string): boolean {
    return this.#paths.has(path) && !this.covers(path.slice(0, Math.max(0, path.lastIndexOf("/"))));
  }

  /** Returns the paths that are gone, without those below others. */
  topmost(): string[] {
    return [...this.#paths].filter((path) => this.isTopmost(path));
  }
}
