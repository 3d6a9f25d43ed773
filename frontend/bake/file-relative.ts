import { posix } from "node:path";
import { isAddress } from "../../core/text/address.js";
import type { Expression } from "../hcl/ast.js";
import type { BlockInstance } from "./blocks.js";
import type { BakeTarget } from "./definition.js";
import type { TargetFields } from "./fields.js";
import { attributeOf } from "./names.js";

/** Returns the directory of a file; undefined for a definition that is no file. */
export function directoryOf(name: string): string | undefined {
  return name === "-" || isAddress(name) ? undefined : posix.dirname(name);
}

/**
 * Returns the target of a block with its contexts relative to the block's file. A context that is
 * taken from another target is relative to the file of that one.
 */
export function besideItsFile(instance: BlockInstance, instances: readonly BlockInstance[]): BakeTarget {
  const { name, block } = instance;
  return relativeTo(directoryOf(block.source.name), { name, fields: instance.fields() }, baseOf(instance, instances, new Set()));
}

/** Returns a target whose contexts, and the default of its context, are relative to a directory. */
export function relativeTo(directory: string | undefined, { name, fields }: BakeTarget, base = directory): BakeTarget {
  if (directory === undefined) return { name, fields };
  const { context, contexts } = fields;
  const moved: TargetFields = {
    ...fields,
    ...(context === undefined ? {} : { context: rebased(context, base) }),
    ...(contexts && { contexts: new Map([...contexts].map(([key, path]) => [key, path && rebased(path, directory)] as const)) }),
  };
  return { name, directory, fields: moved };
}

/** Returns the directory that the context of a block is relative to. */
function baseOf(instance: BlockInstance, instances: readonly BlockInstance[], seen: Set<BlockInstance>): string | undefined {
  const expression = attributeOf(instance.block.body, "context")?.expression;
  const from = expression && targetOf(expression);
  const other = from === undefined || seen.has(instance) ? undefined : instances.findLast(({ name }) => name === from);
  seen.add(instance);
  return other ? baseOf(other, instances, seen) : directoryOf(instance.block.source.name);
}

/** Returns the name of the target in `target.NAME.context`; undefined for any other expression. */
function targetOf(expression: Expression): string | undefined {
  if (expression.kind === "wrap" || expression.kind === "parens") return targetOf(expression.inner);
  if (expression.kind !== "attribute" || expression.name !== "context") return undefined;
  const { of } = expression;
  return of.kind === "attribute" && of.of.kind === "variable" && of.of.name === "target" ? of.name : undefined;
}

/** Contexts that are no path relative to a file. */
const ELSEWHERE = /^(?:\/|cwd:\/\/|target:|docker-image:|oci-layout:\/\/)/;

function rebased(path: string, base: string | undefined): string {
  if (base === undefined || path === "" || ELSEWHERE.test(path) || isAddress(path)) return path;
  return posix.join(base, path).replace(/(?<=.)\/$/, "");
}
