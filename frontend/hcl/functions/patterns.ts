import { CallError } from "../evaluate/scope.js";
import { type CompiledPattern, compilePattern, type Match } from "../patterns/pattern.js";
import { PatternError } from "../patterns/parse.js";
import { STRING } from "../values/type.js";
import { list, nullOf, object, string, tuple, type Value } from "../values/value.js";
import { unify } from "../values/type.js";
import { type Functions, ofTexts } from "./define.js";

/** Does something with a pattern, whose faults are those of the argument at `index`. */
function withPattern<T>(pattern: string, index: number, work: (compiled: CompiledPattern) => T): T {
  try {
    return work(compilePattern(pattern));
  } catch (error) {
    throw error instanceof PatternError ? new CallError(`the pattern cannot be used: ${error.message}`, index) : error;
  }
}

const TIMES_LIMIT = 100_000;

/** Returns the groups of a match: by name, in order, or the match itself where there are none. */
function result({ text, groups }: Match, names: readonly (string | undefined)[]): Value {
  const value = (group: string | undefined): Value => (group === undefined ? nullOf(STRING) : string(group));
  if (names.some((name) => name !== undefined)) {
    if (names.includes(undefined)) throw new CallError("the pattern has groups with a name and groups without", 0);
    return object(names.map((name, i) => [name as string, value(groups[i])] as const));
  }
  return groups.length === 0 ? string(text) : tuple(groups.map(value));
}

/** Writes `$1`, `${name}` of Go's replacements. */
function expand(template: string, { text, groups }: Match, names: readonly (string | undefined)[]): string {
  return template.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole: string, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return whole === "$$" ? "$" : whole;
    return (/^\d+$/.test(name) ? [text, ...groups][Number(name)] : groups[names.indexOf(name)]) ?? "";
  });
}

export const PATTERN_FUNCTIONS: Functions = {
  regex: ofTexts(["pattern", "string"], (pattern, text) =>
    withPattern(pattern, 0, (compiled) => {
      const found = compiled.matches(text).next();
      if (found.done) throw new CallError("the pattern does not match any part of the text");
      return result(found.value, compiled.names);
    }),
  ),
  regexall: ofTexts(["pattern", "string"], (pattern, text) =>
    withPattern(pattern, 0, (compiled) => {
      const found: Value[] = [];
      for (const match of compiled.matches(text)) if (found.length < TIMES_LIMIT) found.push(result(match, compiled.names));
      return list(unify(found.map(({ type }) => type)) ?? STRING, found);
    }),
  ),
  regex_replace: ofTexts(["str", "pattern", "replace"], (text, pattern, replacement) =>
    withPattern(pattern, 1, (compiled) => {
      let replaced = "";
      let taken = 0;
      for (const match of compiled.matches(text)) {
        replaced += match.before + expand(replacement, match, compiled.names);
        taken += match.before.length + match.text.length;
      }
      return string(replaced + text.slice(taken));
    }),
  ),
};
