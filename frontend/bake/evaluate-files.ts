import { withinStack } from "../../core/text/within-stack.js";
import type { Body } from "../hcl/ast.js";
import { tooDeep } from "../hcl/errors.js";
import { BLOCKS } from "./block-types.js";
import { type BlockInstance, instancesOf, lazyBlocks } from "./blocks.js";
import type { BakeDefinition, BakeGroup, BakeTarget, BakeWorld } from "./definition.js";
import { badBlock, ignoredAttribute } from "./errors.js";
import { FIELDS } from "./fields.js";
import { besideItsFile } from "./file-relative.js";
import { joinTargets } from "./join.js";
import { nameOf, Names } from "./names.js";

/**
 * Evaluates the files of a bake definition, given as trees, and joins them. Throws DiagnosticsError
 * with `hcl/…` and `bake/…`.
 */
export function evaluateFiles(bodies: readonly Body[], world: BakeWorld): BakeDefinition {
  return withinStack(
    () => evaluateBodies(bodies, world),
    () => tooDeep(world.files.map(({ name }) => name).join(", ")),
  );
}

function evaluateBodies(bodies: readonly Body[], world: BakeWorld): BakeDefinition {
  const made: Record<"target" | "group", BlockInstance[]> = { target: [], group: [] };
  const lazy = new Map((["target", "group"] as const).map((type) => [type as string, lazyBlocks(type, () => made[type])]));
  const names = new Names({ bodies, world, blocks: lazy });
  names.checkDeclared();
  const renamed = new Map<string, readonly string[]>();
  for (const block of bodies.flatMap(({ blocks }) => blocks)) {
    if (block.type !== "target" && block.type !== "group") {
      if (!Object.hasOwn(BLOCKS, block.type))
        throw badBlock(`Cannot read "${block.type}": there is no such block`, block, "blocks are target, group, variable and function");
      continue;
    }
    const instances = instancesOf(block, names);
    made[block.type].push(...instances);
    const label = nameOf(block);
    const members = instances.map(({ name }) => name);
    renamed.set(label, [...new Set([...(renamed.get(label) ?? []), ...members])]);
  }
  const targets = targetsOf(made.target, world.fileRelative);
  names.checkAttributes();
  return {
    targets,
    groups: [...groupsOf(made.group), ...renamedGroups(renamed)],
    variables: names.variables(),
    warnings: made.target.flatMap((instance) =>
      instance.unknown().map((attribute) => ignoredAttribute(attribute.name, Object.keys(FIELDS), attribute)),
    ),
  };
}

/** Returns a group for each label whose targets have other names. */
function renamedGroups(renamed: ReadonlyMap<string, readonly string[]>): readonly BakeGroup[] {
  const groups = [...renamed].map(([name, targets]) => ({ name, description: undefined, targets }));
  return groups.filter(({ name, targets }) => targets.length !== 1 || targets[0] !== name);
}

/** Joins the blocks of each name: later ones override earlier ones. */
function targetsOf(instances: readonly BlockInstance[], fileRelative: boolean): readonly BakeTarget[] {
  const byName = new Map<string, BakeTarget>();
  for (const instance of instances) {
    const { name } = instance;
    const target = fileRelative ? besideItsFile(instance, instances) : { name, fields: instance.fields() };
    const before = byName.get(name);
    byName.set(name, before ? joinTargets(before, target) : target);
  }
  return [...byName.values()];
}

/** Returns the last group of each name. */
function groupsOf(instances: readonly BlockInstance[]): readonly BakeGroup[] {
  const byName = new Map<string, BakeGroup>();
  for (const instance of instances) {
    const { targets, description } = instance.fields();
    if (!targets) throw badBlock(`Cannot read the group "${instance.name}": it needs targets`, instance.block);
    byName.set(instance.name, { name: instance.name, description, targets: [...new Set(targets)] });
  }
  return [...byName.values()];
}
