import { Fraction } from "./number.js";
import { isKeyed, isSequence } from "./type.js";
import { bool, entries, members, NULL, number, object, string, tuple, type Value } from "./value.js";

/** Returns a value as JSON, in the bytes of Go's encoder: sorted keys, `<`, `>` and `&` escaped. */
export function toJson(value: Value): string {
  if (value.data === null) return "null";
  if (isSequence(value.type)) return `[${members(value).map(toJson).join(",")}]`;
  if (isKeyed(value.type)) return `{${[...entries(value)].map(([name, item]) => `${quoted(name)}:${toJson(item)}`).join(",")}}`;
  return typeof value.data === "string" ? quoted(value.data) : String(value.data);
}

/** Returns a JSON string as Go writes it. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/[<>&\u2028\u2029]/g, (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Reads JSON. Throws SyntaxError. */
export function fromJson(text: string): Value {
  return fromPlain(JSON.parse(text));
}

/** Makes a value of a result of JSON.parse. */
function fromPlain(plain: unknown): Value {
  if (plain === null || plain === undefined) return NULL;
  if (typeof plain === "string") return string(plain);
  if (typeof plain === "boolean") return bool(plain);
  if (typeof plain === "number") return number(Fraction.parse(String(plain)) ?? Fraction.fromDouble(plain));
  if (Array.isArray(plain)) return tuple(plain.map(fromPlain));
  return object(Object.entries(plain).map(([name, item]) => [name, fromPlain(item)] as const));
}
