import { goPrintf } from "../../core/go-values/printf.js";
import { jsonText } from "../../core/text/json-text.js";

type TemplateFunction = (...args: readonly unknown[]) => unknown;

/** Functions of templates: Go's own, and docker's beside them. */
export const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  json: (value) => jsonText(value ?? null),
  prettyjson: (value) => jsonText(value ?? null, 2),
  index: (value, ...keys) => keys.reduce((from: unknown, key) => member(from, String(key)), value),
  slice: (value, from, to) =>
    (Array.isArray(value) ? value : show(value)).slice(Number(from ?? 0), to === undefined ? undefined : Number(to)),
  join: (values, separator) => (Array.isArray(values) ? values.map(show).join(show(separator)) : show(values)),
  split: (text, separator) => show(text).split(show(separator)),
  upper: (text) => show(text).toUpperCase(),
  lower: (text) => show(text).toLowerCase(),
  title: (text) => show(text).replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
  pad: (text, before, after) => (show(text) === "" ? "" : " ".repeat(count(before)) + show(text) + " ".repeat(count(after))),
  truncate: (text, length) => show(text).slice(0, count(length)),
  len: (value) => (typeof value === "string" || Array.isArray(value) ? value.length : Object.keys(value ?? {}).length),
  println: (...values) => `${values.map(show).join(" ")}\n`,
  print: (...values) => values.map(show).join(""),
  printf: (format, ...values) => goPrintf(show(format), values, show),
  urlquery: (...values) => encodeURIComponent(values.map(show).join("")).replaceAll("%20", "+"),
  html: (...values) =>
    values
      .map(show)
      .join("")
      .replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`),
  not: (value) => !truth(value),
  and: (...values) => values[firstIndex(values, (value) => !truth(value))],
  or: (...values) => values[firstIndex(values, truth)],
  eq: (value, ...others) => others.some((other) => other === value),
  ne: (value, other) => value !== other,
  lt: (value, other) => compare(value, other) < 0,
  le: (value, other) => compare(value, other) <= 0,
  gt: (value, other) => compare(value, other) > 0,
  ge: (value, other) => compare(value, other) >= 0,
};

/** Returns the index of the first value that a test holds for; that of the last one without any. */
function firstIndex(values: readonly unknown[], test: (value: unknown) => boolean): number {
  const index = values.findIndex(test);
  return index === -1 ? values.length - 1 : index;
}

/** Greatest number of spaces that `pad` adds. */
const WIDEST = 1000;

function count(value: unknown): number {
  return Math.min(Math.max(0, Number(value) || 0), WIDEST);
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [left, right] = [show(a), show(b)];
  return left < right ? -1 : Number(left > right);
}

/** Returns a member of an object or a list; undefined when there is none. */
export function member(value: unknown, key: string): unknown {
  return value && typeof value === "object" && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

/** Returns true for what an `if` takes for true. */
export function truth(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

/** Prints values as Go does: `[a b]`, `map[k:v]`, `<no value>` for a missing one. */
export function show(value: unknown): string {
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(show).join(" ")}]`;
  if (typeof value === "object")
    return `map[${sortedEntries(value)
      .map(([key, item]) => `${key}:${show(item)}`)
      .join(" ")}]`;
  return String(value);
}

/** Returns the members of an object in the order in which Go shows a map. */
export function sortedEntries(value: object): readonly (readonly [string, unknown])[] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
}
