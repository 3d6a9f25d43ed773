import type { BakeDefinition } from "./definition.js";
import { mergeFields } from "./fields.js";

/** Returns two definitions in one. Targets of one name are joined, groups of the later one win. */
export function joinDefinitions(earlier: BakeDefinition, later: BakeDefinition): BakeDefinition {
  const targets = new Map(earlier.targets.map((target) => [target.name, target]));
  for (const { name, fields } of later.targets) targets.set(name, { name, fields: mergeFields(targets.get(name)?.fields ?? {}, fields) });
  const groups = new Map([...earlier.groups, ...later.groups].map((group) => [group.name, group]));
  return {
    groups: [...groups.values()],
    targets: [...targets.values()],
    variables: [...earlier.variables, ...later.variables],
    warnings: [...earlier.warnings, ...later.warnings],
  };
}
