import type { Flag, Instruction } from "../ast.js";
import * as errors from "../errors/errors.js";
import type { Problem } from "../problem.js";
import type { Report } from "../errors/report.js";

type FlagKind = "string" | "boolean" | "list";

type FlagValue<K extends FlagKind> = K extends "list" ? readonly Flag[] : K extends "boolean" ? boolean | undefined : Flag | undefined;

/**
 * The flags of an instruction by name: text flags as nodes, booleans as values, repeatable ones as
 * lists.
 */
type FlagValues<S extends Readonly<Record<string, FlagKind>>> = { readonly [N in keyof S]: FlagValue<S[N]> };

/**
 * Reads flags by the instruction's table. Returns undefined, with all problems reported, when any
 * is wrong.
 */
export function readFlags<S extends Readonly<Record<string, FlagKind>>>(
  node: Instruction,
  known: S,
  report: Report,
): FlagValues<S> | undefined {
  const values: Record<string, Flag[] | Flag | boolean | undefined> = {};
  for (const [name, kind] of Object.entries(known)) if (kind === "list") values[name] = [];
  let good = true;
  const fail = (problem: Problem): void => {
    report.add(problem);
    good = false;
  };
  const seen = new Set<string>();
  for (const flag of node.flags) {
    const kind = Object.hasOwn(known, flag.name) ? known[flag.name] : undefined;
    if (kind === undefined) {
      fail(errors.unknownFlag(node.keyword.text.toUpperCase(), flag, Object.keys(known)));
      continue;
    }
    if (kind !== "list" && seen.has(flag.name)) {
      fail(errors.repeatedFlag(flag.name, flag.range));
      continue;
    }
    seen.add(flag.name);
    if (kind === "boolean") {
      const value = flag.value?.toLowerCase() ?? "true";
      if (value === "") fail(errors.flagNeedsValue(flag.name, flag.range));
      else if (value !== "true" && value !== "false") fail(errors.flagNotBoolean(flag.name, flag.value ?? "", flag.valueRange));
      else values[flag.name] = value === "true";
    } else if (flag.value === undefined) fail(errors.flagNeedsValue(flag.name, flag.range));
    else if (kind === "list") (values[flag.name] as Flag[]).push(flag);
    else values[flag.name] = flag;
  }
  return good ? (values as FlagValues<S>) : undefined;
}

/** Returns a flag's value as a word, for expansion. */
export function flagWord(flag: Flag) {
  return { text: flag.value ?? "", range: flag.valueRange };
}
