import type { SourceFile, SourceRange } from "../../core/diagnostics.js";

/** A range of a file, for messages. */
export interface Place {
  readonly source: SourceFile;
  readonly range: SourceRange;
}

interface Node extends Place {
  /** Place of the name in its mapping; undefined for an item of a list. */
  readonly key?: Place;
  /** `!reset` takes away what earlier files say; `!override` takes its place. */
  readonly directive?: "reset" | "override";
}

export interface Scalar extends Node {
  readonly kind: "scalar";
  readonly value: string | number | boolean | null;
  /** True for a number that is written with a point or an exponent. */
  readonly fraction?: boolean;
}

export interface Sequence extends Node {
  readonly kind: "sequence";
  readonly items: readonly Tree[];
}

export interface Mapping extends Node {
  readonly kind: "mapping";
  readonly entries: ReadonlyMap<string, Tree>;
}

/** A value of a YAML file, without anchors and merge keys, and where it stands. */
export type Tree = Scalar | Sequence | Mapping;

/** Returns the place of a member's name, or of the item of a list that begins with the name. */
export function placeOfEntry(tree: Tree, name: string): Place {
  if (tree.kind === "mapping") return tree.entries.get(name)?.key ?? tree.entries.get(name) ?? tree;
  const items = tree.kind === "sequence" ? tree.items : [];
  return (
    items.find((item) => item.kind === "scalar" && [name, `${name}=`, `${name}:`].includes(String(item.value).slice(0, name.length + 1))) ??
    tree
  );
}

/** Returns a mapping with other entries. */
export function withEntries(mapping: Mapping, entries: ReadonlyMap<string, Tree>): Mapping {
  return { ...mapping, entries };
}

/** Returns the member of a mapping; undefined when it is not there or null. */
export function member(tree: Tree | undefined, name: string): Tree | undefined {
  const found = tree?.kind === "mapping" ? tree.entries.get(name) : undefined;
  return found?.kind === "scalar" && found.value === null ? undefined : found;
}

/** Returns the entries of a mapping; none for anything else. */
export function entriesOf(tree: Tree | undefined): ReadonlyMap<string, Tree> {
  return tree?.kind === "mapping" ? tree.entries : new Map();
}

/** Returns a tree with every scalar changed. */
export function mapScalars(tree: Tree, change: (scalar: Scalar) => Scalar): Tree {
  if (tree.kind === "scalar") return change(tree);
  if (tree.kind === "sequence") return { ...tree, items: tree.items.map((item) => mapScalars(item, change)) };
  return withEntries(tree, new Map([...tree.entries].map(([name, value]) => [name, mapScalars(value, change)])));
}
