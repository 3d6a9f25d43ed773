import { Fraction } from "./number.js";
import {
  BOOL,
  DYNAMIC,
  isKeyed,
  isSequence,
  listOf,
  mapOf,
  NUMBER,
  objectOf,
  setOf,
  STRING,
  sameType,
  type Type,
  tupleOf,
} from "./type.js";

/** A value of HCL. Null has a type too. */
export interface Value {
  readonly type: Type;
  readonly data: null | string | boolean | Fraction | readonly Value[] | ReadonlyMap<string, Value>;
}

export const NULL: Value = { type: DYNAMIC, data: null };
export const TRUE: Value = { type: BOOL, data: true };
export const FALSE: Value = { type: BOOL, data: false };

/** Makes a string. Strings are in normal form C, as those of HCL. */
export const string = (text: string): Value => ({ type: STRING, data: text.normalize("NFC") });
export const bool = (truth: boolean): Value => (truth ? TRUE : FALSE);
export const number = (value: Fraction): Value => ({ type: NUMBER, data: value });
export const integer = (value: number | bigint): Value => number(Fraction.of(value));
export const nullOf = (type: Type): Value => ({ type, data: null });

export const tuple = (items: readonly Value[]): Value => ({ type: tupleOf(items.map(({ type }) => type)), data: items });
export const list = (element: Type, items: readonly Value[]): Value => ({ type: listOf(element), data: items });

/** Makes an object. Its attributes are sorted by name, as HCL goes through them. */
export function object(attributes: Iterable<readonly [string, Value]>): Value {
  const sorted = new Map([...new Map(attributes)].sort(byName));
  return { type: objectOf(new Map([...sorted].map(([name, { type }]) => [name, type]))), data: sorted };
}

/** Makes a map, sorted by key. */
export function map(element: Type, entries: Iterable<readonly [string, Value]>): Value {
  return { type: mapOf(element), data: new Map([...new Map(entries)].sort(byName)) };
}

/** Makes a set: each value once, in the order in which HCL goes through them. */
export function set(element: Type, items: readonly Value[]): Value {
  const once: Value[] = [];
  for (const item of items) if (!once.some((other) => equal(item, other))) once.push(item);
  return { type: setOf(element), data: once.sort(compareMembers) };
}

function byName([a]: readonly [string, Value], [b]: readonly [string, Value]): number {
  return compareText(a, b);
}

/** Compares by code points, as Go compares bytes of UTF-8. */
export function compareText(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function compareMembers(a: Value, b: Value): number {
  if (a.data instanceof Fraction && b.data instanceof Fraction) return a.data.compare(b.data);
  if (typeof a.data === "boolean" && typeof b.data === "boolean") return Number(a.data) - Number(b.data);
  return compareText(String(a.data), String(b.data));
}

/** Returns the members of a list, set or tuple, or the values of a map or object. */
export function members(value: Value): readonly Value[] {
  if (isSequence(value.type)) return (value.data ?? []) as readonly Value[];
  return isKeyed(value.type) ? [...entries(value).values()] : [];
}

/** Returns the entries of a map or object, in the order of the keys. */
export function entries(value: Value): ReadonlyMap<string, Value> {
  return (isKeyed(value.type) ? (value.data ?? new Map()) : new Map()) as ReadonlyMap<string, Value>;
}

export function textOf(value: Value): string {
  return value.data as string;
}

export function numberOf(value: Value): Fraction {
  return value.data as Fraction;
}

/** Returns true when both are of one type and hold the same. */
export function equal(a: Value, b: Value): boolean {
  if (a.data === null || b.data === null) return a.data === b.data;
  if (!sameType(a.type, b.type)) return false;
  if (a.data instanceof Fraction) return a.data.compare(b.data as Fraction) === 0;
  if (isSequence(a.type)) {
    const [left, right] = [members(a), members(b)];
    return left.length === right.length && left.every((item, i) => equal(item, right[i] as Value));
  }
  if (isKeyed(a.type)) {
    const [left, right] = [entries(a), entries(b)];
    return left.size === right.size && [...left].every(([name, item]) => right.has(name) && equal(item, right.get(name) as Value));
  }
  return a.data === b.data;
}
