import { readFileSync } from "node:fs";

/** The highest id: the one above means "none". */
const LAST_ID = 4_294_967_294;

/** User or group ids that a user namespace has. */
class IdSet {
  readonly #extents: readonly { readonly first: number; readonly count: number }[];

  /** `map` has lines of `inside outside count`, as the kernel shows them. */
  constructor(map: string) {
    this.#extents = [...map.matchAll(/^\s*(\d+)\s+\d+\s+(\d+)\s*$/gm)].map(([, first, count]) => ({
      first: Number(first),
      count: Number(count),
    }));
  }

  has(id: number): boolean {
    return this.#extents.some(({ first, count }) => id >= first && id < first + count);
  }

  get size(): number {
    return this.#extents.reduce((size, { count }) => size + count, 0);
  }

  /** Extents as `first count`, separated by commas. */
  get text(): string {
    return this.#extents.map(({ first, count }) => `${first} ${count}`).join(",");
  }
}

interface MappedIdsOptions {
  readonly userMap: string;
  readonly groupMap: string;
}

export class MappedIds {
  readonly users: IdSet;
  readonly groups: IdSet;

  constructor({ userMap, groupMap }: MappedIdsOptions) {
    this.users = new IdSet(userMap);
    this.groups = new IdSet(groupMap);
  }

  /** True when there is no other id. */
  get complete(): boolean {
    return this.users.size > LAST_ID && this.groups.size > LAST_ID;
  }

  /** True when there is one user only. */
  get single(): boolean {
    return this.users.size === 1;
  }
}

let here: MappedIds | undefined;

/**
 * Returns the ids of this process's user namespace. In the worker, files can have these owners.
 * They never change, so they are read once.
 */
export function mappedIds(): MappedIds {
  here ??= new MappedIds({ userMap: readFileSync("/proc/self/uid_map", "utf8"), groupMap: readFileSync("/proc/self/gid_map", "utf8") });
  return here;
}
