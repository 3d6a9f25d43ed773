/**
 * Compares paths in the canonical order of layers: component by component, by code units, so that a
 * directory is followed by everything below it (`a`, `a/x`, `a-b`). Walking directories with sorted
 * names has the same order.
 */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (x === SLASH) return -1;
    if (y === SLASH) return 1;
    return x - y;
  }
  return a.length - b.length;
}

const SLASH = 0x2f;

/** Returns `items` in canonical order of their paths. Does not sort an ordered list again. */
export function sortByPath<T extends { readonly path: string }>(items: readonly T[]): readonly T[] {
  for (let i = 1; i < items.length; i++) {
    if (comparePaths((items[i - 1] as T).path, (items[i] as T).path) > 0) return [...items].sort((a, b) => comparePaths(a.path, b.path));
  }
  return items;
}

/** Returns the directory of a path (`""` at the top) and its last component. */
export function splitPath(path: string): readonly [parent: string, name: string] {
  const slash = path.lastIndexOf("/");
  return slash === -1 ? ["", path] : [path.slice(0, slash), path.slice(slash + 1)];
}

export function joinPath(parent: string, name: string): string {
  return parent === "" ? name : `${parent}/${name}`;
}

/** Characters of which the order of code units is not that of bytes. */
const SURROGATE = /[\ud800-\udfff]/;

/**
 * Returns items in the order of the bytes of their texts, as Go has it. Expects them in the order
 * of code units.
 */
export function sortByBytes<T>(items: readonly T[], textOf: (item: T) => string): readonly T[] {
  if (!items.some((item) => SURROGATE.test(textOf(item)))) return items;
  return items.toSorted((a, b) => Buffer.compare(Buffer.from(textOf(a)), Buffer.from(textOf(b))));
}
