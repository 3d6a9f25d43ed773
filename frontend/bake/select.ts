import { readGlob } from "../../core/text/glob.js";
import { compileWildcards } from "../../core/text/wildcards.js";
import type { BakeDefinition, BakeGroup, BakeTarget } from "./definition.js";
import { linkCycle, linkPlatforms, noMatch, noTarget } from "./errors.js";
import { mergeFields, tidyFields, type TargetFields } from "./fields.js";
import { applyOverrides, type Override, readOverride } from "./overrides.js";

/** Targets that are to be built, with everything that they inherit. */
export interface BakePlan {
  readonly groups: readonly BakeGroup[];
  /** By name, with the targets that others are built from. */
  readonly targets: readonly PlannedTarget[];
}

export interface PlannedTarget extends BakeTarget {
  /** True when only other targets need it: it has no output of its own. */
  readonly linked: boolean;
}

interface Selection {
  /** Names and patterns; none is `default`. */
  readonly targets: readonly string[];
  /** `TARGET.KEY=VALUE`, as `--set` has them. */
  readonly overrides: readonly string[];
  /** Returns a variable of the environment. */
  env(name: string): string | undefined;
}

/** Prefix of a context that is another target. */
const TARGET_CONTEXT = "target:";

/**
 * Selects targets, and resolves what they inherit and are built from. Throws UsageError with
 * `bake/no-target` and `bake/override`, TsbuildError with `bake/links`.
 */
export function selectTargets(definition: BakeDefinition, selection: Selection): BakePlan {
  const resolver = new Resolver(definition, selection);
  const wanted = selection.targets.length > 0 ? selection.targets : ["default"];
  const names = [...new Set(wanted.map((name) => name.replaceAll(".", "_")).flatMap((name) => matching(definition, name)))];
  const groups = new Map<string, BakeGroup>();
  const chosen = new Map<string, PlannedTarget>();
  for (const name of names) {
    const { targets, groups: passed } = expand(definition, name);
    for (const target of targets) chosen.set(target, { ...resolver.target(target), linked: false });
    for (const group of passed) groups.set(group.name, group);
  }
  const direct = groups.get("default");
  // A target called default is a member only when it is named first, as in buildx.
  const others = names.filter((name, i) => name !== "default" || (!direct && i === 0));
  const members = [...new Set([...(direct?.targets ?? []), ...others])].sort();
  groups.set("default", { name: "default", description: direct?.description, targets: members });
  const own = [...chosen.keys()];
  for (const target of own) link(target, chosen, resolver, []);
  return { groups: sorted(groups), targets: sorted(chosen) };
}

function sorted<T extends { readonly name: string }>(items: ReadonlyMap<string, T>): readonly T[] {
  return [...items.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function matcher(pattern: string): (name: string) => boolean {
  const wildcards = readGlob(pattern);
  return wildcards ? compileWildcards(wildcards) : () => false;
}

/** Returns the groups and targets that a pattern stands for; a plain name stands for itself. */
function matching({ groups, targets }: BakeDefinition, pattern: string): readonly string[] {
  if (!/[*?[\]]/.test(pattern)) return [pattern];
  const names = [...groups, ...targets].map(({ name }) => name);
  const found = names.filter(matcher(pattern));
  if (found.length === 0) throw noMatch(pattern, names);
  return found;
}

interface Expansion {
  readonly targets: readonly string[];
  readonly groups: readonly BakeGroup[];
}

/**
 * Returns the targets of a group, and the groups on the way; a target stands for itself. A member
 * that leads to no target is a target itself, because a group may hold the target of its own name.
 */
function expand(definition: BakeDefinition, name: string, visited = new Map<string, Expansion>()): Expansion {
  const known = visited.get(name);
  if (known) return known;
  const group = definition.groups.find((one) => one.name === name);
  if (!group) return { targets: [name], groups: [] };
  visited.set(name, { targets: [], groups: [] });
  const parts = group.targets.map((member) => ({ member, ...expand(definition, member, visited) }));
  const targets = parts.flatMap((part) => (part.targets.length > 0 ? part.targets : [part.member]));
  const whole = { targets: [...new Set(targets)], groups: [group, ...parts.flatMap(({ groups }) => groups)] };
  visited.set(name, whole);
  return whole;
}

/** Adds the targets that a target is built from. */
function link(name: string, chosen: Map<string, PlannedTarget>, resolver: Resolver, above: readonly string[]): void {
  const path = [...above, name];
  for (const value of chosen.get(name)?.fields.contexts?.values() ?? []) {
    if (!value?.startsWith(TARGET_CONTEXT)) continue;
    const linked = value.slice(TARGET_CONTEXT.length);
    if (path.includes(linked)) throw linkCycle([...path.slice(path.indexOf(linked)), linked]);
    if (!chosen.has(linked)) {
      const { fields } = resolver.target(linked);
      chosen.set(linked, { name: linked, linked: true, fields: { ...fields, output: [new Map([["type", "cacheonly"]])] } });
    }
    link(linked, chosen, resolver, path);
    const own = chosen.get(name) as PlannedTarget;
    const { fields } = chosen.get(linked) as PlannedTarget;
    const entitlements = [...new Set([...(own.fields.entitlements ?? []), ...(fields.entitlements ?? [])])];
    if (entitlements.length > 0) chosen.set(name, { ...own, fields: { ...own.fields, entitlements } });
    const [wanted, there] = [own.fields.platforms ?? [], fields.platforms ?? []];
    if (wanted.length > 1 && there.length > 1 && !wanted.every((platform) => there.includes(platform)))
      throw linkPlatforms(name, wanted, linked, there);
  }
}

/** Resolves targets with what they inherit. */
class Resolver {
  readonly #definition: BakeDefinition;
  readonly #selection: Selection;
  readonly #overrides: readonly { readonly override: Override; readonly names: ReadonlySet<string> }[];

  constructor(definition: BakeDefinition, selection: Selection) {
    this.#definition = definition;
    this.#selection = selection;
    const names = definition.targets.map(({ name }) => name);
    this.#overrides = selection.overrides.map(readOverride).map((override) => {
      const found = names.includes(override.pattern) ? [override.pattern] : names.filter(matcher(override.pattern));
      if (found.length === 0) throw noMatch(override.pattern, names);
      return { override, names: new Set(found) };
    });
  }

  target(name: string): BakeTarget {
    const { inherits: _, targets: __, ...fields } = this.#inherited(name, new Map());
    const { directory = "." } = this.#definition.targets.find((one) => one.name === name) ?? {};
    return { name, fields: { ...fields, context: fields.context ?? directory, dockerfile: fields.dockerfile || "Dockerfile" } };
  }

  /**
   * Returns the joined attributes. A target that is met again on the way up has none, as in buildx.
   */
  #inherited(name: string, visited: Map<string, TargetFields>): TargetFields {
    const known = visited.get(name);
    if (known) return known;
    visited.set(name, {});
    const target = this.#definition.targets.find((one) => one.name === name);
    if (!target)
      throw noTarget(
        name,
        [...this.#definition.targets, ...this.#definition.groups].map((one) => one.name),
      );
    let fields: TargetFields = {};
    for (const parent of target.fields.inherits ?? []) fields = mergeFields(fields, this.#inherited(parent, visited));
    fields = mergeFields(fields, target.fields);
    const own = this.#overrides.filter(({ names }) => names.has(name)).map(({ override }) => override);
    const done = tidyFields(applyOverrides(fields, own, this.#selection.env));
    visited.set(name, done);
    return done;
  }
}
