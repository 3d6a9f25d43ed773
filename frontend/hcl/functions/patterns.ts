import { CallError } from "../evaluate/scope.js";
import { STRING } from "../values/type.js";
import { list, nullOf, object, string, tuple, type Value } from "../values/value.js";
import { unify } from "../values/type.js";
import { type Functions, ofTexts } from "./define.js";

/** Writing of Go's patterns that JavaScript's have in another form. */
const CLASSES: Readonly<Record<string, string>> = {
  "[:alnum:]": "0-9A-Za-z",
  "[:alpha:]": "A-Za-z",
  "[:digit:]": "0-9",
  "[:lower:]": "a-z",
  "[:upper:]": "A-Z",
  "[:space:]": "\\s",
  "[:punct:]": "!-\\/:-@\\[-`{-~",
  "[:word:]": "0-9A-Za-z_",
  "[:xdigit:]": "0-9A-Fa-f",
};

/**
 * Compiles a pattern of Go's syntax RE2. Note that we refuse the additions of JavaScript,
 * look-around and back references, because other builders would refuse the file.
 */
function compile(pattern: string, flags: string): RegExp {
  const [, leading = "", body = ""] = /^(?:\(\?([ims]+)\))?([\s\S]*)$/.exec(pattern) ?? [];
  if (/\(\?(?:[=!]|<[=!])|\\[1-9]/.test(body))
    throw new CallError("the pattern looks around or refers back, which Go's patterns do not", 0);
  const source = body
    .replace(/\(\?P</g, "(?<")
    .replace(/\[:\w+:\]/g, (name) => CLASSES[name] ?? name)
    .replace(/\\A/g, "^")
    .replace(/\\z/g, "$");
  try {
    return new RegExp(source, `${flags}u${leading}`);
  } catch (error) {
    throw new CallError(`the pattern cannot be read: ${error instanceof Error ? error.message : String(error)}`, 0);
  }
}

const TIMES_LIMIT = 100_000;

/** Returns the groups of a match: by name, in order, or the match itself where there are none. */
function result(match: RegExpMatchArray): Value {
  const groups = match.slice(1);
  const value = (text: string | undefined): Value => (text === undefined ? nullOf(STRING) : string(text));
  if (match.groups) {
    const named = Object.entries(match.groups);
    if (named.length !== groups.length) throw new CallError("the pattern has groups with a name and groups without", 0);
    return object(named.map(([name, text]) => [name, value(text)] as const));
  }
  return groups.length === 0 ? string(match[0]) : tuple(groups.map(value));
}

/** Writes `$1`, `${name}` of Go's replacements. */
function expand(template: string, match: readonly (string | undefined)[], named: Readonly<Record<string, string | undefined>>): string {
  return template.replace(/\$(?:\$|\{(\w+)\}|(\w+))/g, (whole: string, braced?: string, bare?: string) => {
    const name = braced ?? bare;
    if (name === undefined) return whole === "$$" ? "$" : whole;
    return (/^\d+$/.test(name) ? match[Number(name)] : named[name]) ?? "";
  });
}

export const PATTERN_FUNCTIONS: Functions = {
  regex: ofTexts(["pattern", "string"], (pattern, text) => {
    const found = compile(pattern, "").exec(text);
    if (!found) throw new CallError("the pattern does not match any part of the text");
    return result(found);
  }),
  regexall: ofTexts(["pattern", "string"], (pattern, text) => {
    const found = [...text.matchAll(compile(pattern, "g"))].slice(0, TIMES_LIMIT).map(result);
    return list(unify(found.map(({ type }) => type)) ?? STRING, found);
  }),
  regex_replace: ofTexts(["str", "pattern", "replace"], (text, pattern, replacement) => {
    let compiled: RegExp;
    try {
      compiled = compile(pattern, "g");
    } catch (error) {
      throw error instanceof CallError ? new CallError(error.message, 1) : error;
    }
    return string(
      text.replace(compiled, (...found: unknown[]) => {
        const named = typeof found.at(-1) === "object" ? (found.at(-1) as Record<string, string | undefined>) : {};
        return expand(replacement, found as (string | undefined)[], named);
      }),
    );
  }),
};
