import test from "ava";
import fc from "fast-check";
import { expandWord } from "../../../frontend/dockerfile/values/expand.js";

// Expansion compared with a model that was written from the reference alone: words are made as
// trees, printed, and evaluated without parsing.

/** A part of a word, as what it means. */
type Part =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "single"; readonly text: string }
  | { readonly kind: "double"; readonly parts: readonly Part[] }
  | { readonly kind: "escaped"; readonly char: string }
  | { readonly kind: "variable"; readonly name: string; readonly braces: boolean }
  | {
      readonly kind: "choice";
      readonly name: string;
      readonly operator: "-" | "+";
      readonly colon: boolean;
      readonly word: readonly Part[];
    }
  | { readonly kind: "trim"; readonly name: string; readonly operator: "#" | "##" | "%" | "%%"; readonly pattern: readonly Wild[] }
  | { readonly kind: "replace"; readonly name: string; readonly all: boolean; readonly pattern: readonly Wild[]; readonly by: string };

/** A part of a pattern. */
type Wild = { readonly char: string } | { readonly any: "*" | "?" };

const NAMES = ["A", "Bc", "_d", "E1"] as const;
const LETTERS = "abxyzä/.";

const name = fc.constantFrom(...NAMES);
const text = fc.string({ unit: fc.constantFrom(...LETTERS, "-"), minLength: 1, maxLength: 4 });
const wild = fc.oneof(fc.constantFrom<Wild>({ any: "*" }, { any: "?" }), fc.constantFrom<Wild>(...[..."abxyz."].map((char) => ({ char }))));
const pattern = fc.array(wild, { minLength: 1, maxLength: 4 });

const { part } = fc.letrec<{ part: Part }>((tie) => ({
  part: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({ kind: fc.constant("text" as const), text }),
    fc.record({
      kind: fc.constant("single" as const),
      text: fc.string({ unit: fc.constantFrom(...LETTERS, "$", '"', " ", "\\"), maxLength: 4 }),
    }),
    fc.record({ kind: fc.constant("escaped" as const), char: fc.constantFrom("$", "'", '"', "\\", " ", "a") }),
    fc.record({ kind: fc.constant("variable" as const), name, braces: fc.constant(true) }),
    fc.record({ kind: fc.constant("trim" as const), name, operator: fc.constantFrom("#", "##", "%", "%%"), pattern }),
    fc.record({
      kind: fc.constant("replace" as const),
      name,
      all: fc.boolean(),
      pattern,
      by: fc.string({ unit: fc.constantFrom("q", "r"), maxLength: 3 }),
    }),
    fc.record({ kind: fc.constant("double" as const), parts: fc.array(inDouble(tie("part")), { maxLength: 3 }) }),
    fc.record({
      kind: fc.constant("choice" as const),
      name,
      operator: fc.constantFrom("-", "+"),
      colon: fc.boolean(),
      word: fc.array(tie("part"), { maxLength: 3 }),
    }),
  ) as fc.Arbitrary<Part>,
}));

/**
 * Restricts parts to those inside of double quotes: no quotes, and only some characters are
 * escaped.
 */
function inDouble(any: fc.Arbitrary<Part>): fc.Arbitrary<Part> {
  return any.filter(
    (found) => found.kind === "text" || found.kind === "variable" || (found.kind === "escaped" && '$"\\'.includes(found.char)),
  );
}

function print(parts: readonly Part[]): string {
  return parts
    .map((found): string => {
      switch (found.kind) {
        case "text":
          return found.text;
        case "single":
          return `'${found.text}'`;
        case "double":
          return `"${print(found.parts)}"`;
        case "escaped":
          return `\\${found.char}`;
        case "variable":
          return found.braces ? `\${${found.name}}` : `$${found.name}`;
        case "choice":
          return `\${${found.name}${found.colon ? ":" : ""}${found.operator}${print(found.word)}}`;
        case "trim":
          return `\${${found.name}${found.operator}${printPattern(found.pattern)}}`;
        case "replace":
          return `\${${found.name}/${found.all ? "/" : ""}${printPattern(found.pattern)}/${found.by}}`;
      }
    })
    .join("");
}

function printPattern(parts: readonly Wild[]): string {
  return parts.map((found) => ("any" in found ? found.any : found.char)).join("");
}

type Values = Readonly<Record<string, string>>;

function evaluate(parts: readonly Part[], values: Values): string {
  return parts
    .map((found): string => {
      switch (found.kind) {
        case "text":
        case "single":
          return found.text;
        case "escaped":
          return found.char;
        case "double":
          return evaluate(found.parts, values);
        case "variable":
          return values[found.name] ?? "";
        case "choice": {
          const value = values[found.name];
          const missing = value === undefined || (found.colon && value === "");
          if (found.operator === "+") return missing ? "" : evaluate(found.word, values);
          return missing ? evaluate(found.word, values) : value;
        }
        case "trim":
          return trim(values[found.name] ?? "", found.operator, found.pattern);
        case "replace":
          return replace(values[found.name] ?? "", found);
      }
    })
    .join("");
}

/** Returns true when all of `chars` match. */
function matches(chars: readonly string[], parts: readonly Wild[]): boolean {
  const [first, ...rest] = parts;
  if (!first) return chars.length === 0;
  if ("any" in first && first.any === "*") return matches(chars, rest) || (chars.length > 0 && matches(chars.slice(1), parts));
  if (chars.length === 0) return false;
  return ("any" in first || first.char === chars[0]) && matches(chars.slice(1), rest);
}

function trim(value: string, operator: "#" | "##" | "%" | "%%", parts: readonly Wild[]): string {
  const chars = [...value];
  const lengths = Array.from({ length: chars.length + 1 }, (_, i) => i);
  const prefix = operator.startsWith("#");
  const fits = lengths.filter((n) => matches(prefix ? chars.slice(0, n) : chars.slice(chars.length - n), parts));
  const length = operator.length === 2 ? fits.at(-1) : fits[0];
  if (length === undefined) return value;
  return (prefix ? chars.slice(length) : chars.slice(0, chars.length - length)).join("");
}

/** Replaces the leftmost match, the longest there. */
function replace(value: string, { all, pattern: parts, by }: Extract<Part, { kind: "replace" }>): string {
  const chars = [...value];
  let out = "";
  let from = 0;
  for (let at = 0; at <= chars.length; ) {
    const end = longest(chars, at, parts);
    // Nothing, right after a match, is no match of its own.
    if (end === undefined || (end === at && at === from && from > 0)) {
      out += chars[at] ?? "";
      at++;
      continue;
    }
    out += by;
    if (end === at) out += chars[at] ?? "";
    at = Math.max(end, at + (end === at ? 1 : 0));
    from = end;
    if (!all) return out + chars.slice(at).join("");
  }
  return out;
}

function longest(chars: readonly string[], at: number, parts: readonly Wild[]): number | undefined {
  for (let end = chars.length; end >= at; end--) if (matches(chars.slice(at, end), parts)) return end;
  return undefined;
}

const values = fc.dictionary(name, fc.string({ unit: fc.constantFrom(..."abxyz./ "), maxLength: 6 }), { noNullPrototype: true });

test("words expand as the model says", (t) => {
  fc.assert(
    fc.property(fc.array(part, { maxLength: 5 }), values, (parts, known) => {
      const word = print(parts);
      const { text: actual } = expandWord(word, { get: (key) => known[key], names: () => Object.keys(known) }, { escape: "\\" });
      t.is(actual, evaluate(parts, known), word);
    }),
    { numRuns: 3000 },
  );
});
