/** Value of a name that is deleted from the maps below. */
const GONE = Symbol("gone");

type Changes<T> = Map<string, T | typeof GONE>;

/**
 * Names of a directory with their values. {@link extended} returns the same names for another owner
 * to change, and copies nothing. So a step that adds a file to a directory of a large image copies
 * no directory.
 *
 * Names are kept as maps of changes, each over those before it. A map that is at least half as
 * large as the map below is merged with it. So there are few maps, and each name is copied a few
 * times however many changes come.
 */
export class SharedNames<T> {
  /** The last map belongs to this object. Others share the rest, which never changes. */
  #maps: readonly Changes<T>[];

  constructor(maps: readonly Changes<T>[] = [new Map()]) {
    this.#maps = maps;
  }

  get(name: string): T | undefined {
    for (let i = this.#maps.length - 1; i >= 0; i--) {
      const value = this.#maps[i]?.get(name);
      if (value !== undefined) return value === GONE ? undefined : value;
    }
    return undefined;
  }

  set(name: string, value: T): void {
    this.#own.set(name, value);
  }

  /** Returns true when there was such a name. */
  delete(name: string): boolean {
    if (this.get(name) === undefined) return false;
    if (this.#maps.length === 1) this.#own.delete(name);
    else this.#own.set(name, GONE);
    return true;
  }

  /** Returns the names in any order. */
  names(): readonly string[] {
    const [only] = this.#maps;
    if (only && this.#maps.length === 1) return [...only.keys()];
    return [...merged(this.#maps, true).keys()];
  }

  /** Returns the same names, to be changed alone. This object must not be changed any more. */
  extended(): SharedNames<T> {
    const maps = this.#maps.filter(({ size }) => size > 0);
    for (let top = maps.at(-1), below = maps.at(-2); top && below && top.size * 2 >= below.size; top = maps.at(-1), below = maps.at(-2))
      maps.splice(-2, 2, merged([below, top], maps.length === 2));
    this.#maps = maps.length === 0 ? [new Map()] : maps;
    return new SharedNames([...maps, new Map()]);
  }

  get #own(): Changes<T> {
    return this.#maps.at(-1) as Changes<T>;
  }
}

/** Merges maps of changes. `lowest` means that there is nothing to be deleted from below them. */
function merged<T>(maps: readonly Changes<T>[], lowest: boolean): Changes<T> {
  const [first, ...others] = maps;
  const all: Changes<T> = new Map(first);
  for (const map of others) {
    for (const [name, value] of map) {
      if (lowest && value === GONE) all.delete(name);
      else all.set(name, value);
    }
  }
  return all;
}
