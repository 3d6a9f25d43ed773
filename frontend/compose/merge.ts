import { badValue } from "./errors.js";
import { type Mapping, type Scalar, type Tree, withEntries } from "./tree.js";
import { textOf } from "./values.js";

/** Way in which a later value joins an earlier one. Lists are made longer without one. */
type Rule = "replace" | "pairs" | "once" | "build" | "names" | "texts";

/** Rules by path below a service, where they are not those of all. */
const RULES: Readonly<Record<string, Rule>> = {
  build: "build",
  "build.args": "pairs",
  "build.additional_contexts": "pairs",
  "build.labels": "pairs",
  "build.ssh": "pairs",
  "build.extra_hosts": "once",
  "build.tags": "once",
  "build.no_cache_filter": "texts",
  profiles: "once",
  environment: "pairs",
  env_file: "texts",
  depends_on: "names",
  links: "once",
  command: "replace",
  entrypoint: "replace",
};

/** Attributes of services that are read; others do not matter to a build and are replaced whole. */
const READ: ReadonlySet<string> = new Set([
  "build",
  "image",
  "platform",
  "profiles",
  "environment",
  "env_file",
  "depends_on",
  "links",
  "volumes_from",
  "network_mode",
  "ipc",
  "pid",
  "uts",
  "cgroup",
  "extends",
]);

/** Returns `later` on top of `earlier`: two whole files. */
export function mergeFiles(earlier: Mapping, later: Mapping): Mapping {
  return merged(earlier, later, "") as Mapping;
}

/** Returns one service on top of another, such as the one that it extends. */
export function mergeServices(earlier: Tree, later: Tree): Tree {
  return merged(earlier, later, "services.x");
}

/** Returns a tree without what `!reset` takes away. */
export function withoutResets(tree: Tree): Tree {
  if (tree.kind === "sequence") return { ...tree, items: tree.items.filter(({ directive }) => directive !== "reset").map(withoutResets) };
  if (tree.kind === "scalar") return tree;
  const kept = [...tree.entries].filter(([, { directive }]) => directive !== "reset");
  return withEntries(tree, new Map(kept.map(([name, value]) => [name, withoutResets(value)])));
}

function merged(earlier: Tree, later: Tree, path: string): Tree {
  if (later.directive !== undefined) return later;
  const rule = ruleAt(path);
  if (rule !== undefined) return byRule(rule, earlier, later, path);
  if (isNull(later)) return earlier;
  if (earlier.kind === "scalar" || later.kind === "scalar") return later;
  if (earlier.kind !== later.kind) throw badValue(path, `it is a ${later.kind} here, and a ${earlier.kind} in a file before`, later);
  if (later.kind === "sequence") return { ...later, items: [...(earlier as typeof later).items, ...later.items] };
  return mergedEntries(earlier as Mapping, later, path);
}

function mergedEntries(earlier: Mapping, later: Mapping, path: string): Mapping {
  const entries = new Map(earlier.entries);
  for (const [name, value] of later.entries) {
    const before = entries.get(name);
    if (value.directive === "reset") entries.delete(name);
    else entries.set(name, before === undefined ? value : merged(before, value, path === "" ? name : `${path}.${name}`));
  }
  return withEntries(later, entries);
}

function ruleAt(path: string): Rule | undefined {
  const [top, , attribute, ...rest] = path.split(".");
  if (top !== "services" || attribute === undefined) return undefined;
  if (!READ.has(attribute) && rest.length === 0) return "replace";
  return RULES[[attribute, ...rest].join(".")];
}

function isNull(tree: Tree): boolean {
  return tree.kind === "scalar" && tree.value === null;
}

function byRule(rule: Rule, earlier: Tree, later: Tree, path: string): Tree {
  if (rule === "replace") return later;
  if (isNull(later)) return earlier;
  if (rule === "build") return mergedEntries(asBuild(earlier), asBuild(later), path);
  if (rule === "names") return mergedEntries(asNames(earlier), asNames(later), path);
  if (rule === "pairs") return mergedPairs(asPairs(earlier), asPairs(later));
  const items = [...itemsOf(earlier), ...itemsOf(later)];
  const kept = rule === "texts" ? items : items.filter((item, i) => i === items.findIndex((one) => sameText(one, item)));
  return { kind: "sequence", source: later.source, range: later.range, items: kept };
}

function sameText(a: Tree, b: Tree): boolean {
  return a.kind === "scalar" && b.kind === "scalar" ? a.value === b.value : a === b;
}

/** Returns the items of a list; those of a mapping are `NAME=VALUE`. */
function itemsOf(tree: Tree): readonly Tree[] {
  if (tree.kind === "sequence") return tree.items;
  if (tree.kind === "scalar") return isNull(tree) ? [] : [tree];
  return [...tree.entries].flatMap(([name, value]) =>
    itemsOf(value).map((item): Tree => (item.kind === "scalar" ? { ...item, value: `${name}=${textOf(item)}` } : item)),
  );
}

function asBuild(tree: Tree): Mapping {
  return tree.kind === "mapping" ? tree : mapping(tree, isNull(tree) ? [] : [["context", tree]]);
}

function asNames(tree: Tree): Mapping {
  if (tree.kind === "mapping") return tree;
  return mapping(
    tree,
    itemsOf(tree).map((item) => [textOf(item as Scalar), mapping(item, [])]),
  );
}

function asPairs(tree: Tree): Mapping {
  if (tree.kind === "mapping") return tree;
  return mapping(
    tree,
    itemsOf(tree).map((item): readonly [string, Tree] => {
      const pair = textOf(item as Scalar);
      const at = pair.indexOf("=");
      return at < 0
        ? [pair, { ...(item as Scalar), value: null }]
        : [pair.slice(0, at), { ...(item as Scalar), value: pair.slice(at + 1) }];
    }),
  );
}

/** Returns pairs with later ones in the place of earlier ones, also where they have no value. */
function mergedPairs(earlier: Mapping, later: Mapping): Mapping {
  const entries = new Map(earlier.entries);
  for (const [name, value] of later.entries) {
    if (value.directive === "reset") entries.delete(name);
    else entries.set(name, value);
  }
  return withEntries(later, entries);
}

function mapping({ source, range }: Tree, entries: readonly (readonly [string, Tree])[]): Mapping {
  return { kind: "mapping", source, range, entries: new Map(entries) };
}
