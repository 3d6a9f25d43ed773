import type { BakeDefinition, BakeTarget } from "./definition.js";
import { mergeFields } from "./fields.js";

/** Returns two definitions in one. Targets of one name are joined, groups of the later one win. */
export function joinDefinitions(earlier: BakeDefinition, later: BakeDefinition): BakeDefinition {
  const targets = new Map(earlier.targets.map((target) => [target.name, target]));
  for (const target of later.targets) {
    const before = targets.get(target.name);
    targets.set(target.name, before ? joinTargets(before, target) : target);
  }
  const groups = new Map([...earlier.groups, ...later.groups].map((group) => [group.name, group]));
  return {
    groups: [...groups.values()],
    targets: [...targets.values()],
    variables: [...earlier.variables, ...later.variables],
    warnings: [...earlier.warnings, ...later.warnings],
  };
}

/** Returns two targets of one name in one. The later one overrides. */
export function joinTargets(earlier: BakeTarget, later: BakeTarget): BakeTarget {
  return { ...earlier, ...later, fields: mergeFields(earlier.fields, later.fields) };
}
