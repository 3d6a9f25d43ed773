import { Fraction } from "./number.js";
import { BOOL, isKeyed, isSequence, nameOfType, sameType, type Type, unify } from "./type.js";
import { bool, entries, list, map, members, nullOf, number, set, string, textOf, tuple, type Value } from "./value.js";

/**
 * A value that does not fit a type. The message names the needed type, such as `a number is
 * required`.
 */
export class MismatchError extends Error {
  /** Indexes and names that lead to the part that does not fit. */
  path: readonly (number | string)[] = [];
}

/** Converts a value as HCL does where a type is wanted. Throws {@link MismatchError}. */
export function convert(value: Value, type: Type): Value {
  if (type.kind === "dynamic" || sameType(value.type, type)) return value;
  if (value.data === null) return nullOf(type);
  switch (type.kind) {
    case "string":
      return string(toText(value));
    case "number":
      return toNumber(value);
    case "bool":
      return toBool(value);
    case "list":
    case "set":
      return toCollection(value, type);
    case "map":
      return toMap(value, type);
    case "tuple":
      return toTuple(value, type);
    case "object":
      return toObject(value, type);
  }
}

/** Returns a number's digits, a bool's name, or the string. */
export function toText(value: Value): string {
  if (value.type.kind === "string") return textOf(value);
  if (value.type.kind === "number" || value.type.kind === "bool") return String(value.data);
  throw new MismatchError("a string is required");
}

function toNumber(value: Value): Value {
  const read = value.type.kind === "string" ? Fraction.parse(textOf(value)) : undefined;
  if (!read) throw new MismatchError("a number is required");
  return number(read);
}

const BOOLS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

function toBool(value: Value): Value {
  const read = value.type.kind === "string" ? BOOLS.get(textOf(value)) : undefined;
  if (read === undefined) throw new MismatchError("a bool is required");
  return bool(read);
}

function toCollection(value: Value, type: Extract<Type, { element: Type }>): Value {
  if (!isSequence(value.type)) throw new MismatchError(`${nameOfType(type)} required`);
  const items = members(value);
  const element = elementType(type, items);
  const converted = items.map((item, i) => within(`element ${i}`, i, () => convert(item, element)));
  return type.kind === "set" ? set(element, converted) : list(element, converted);
}

function toMap(value: Value, type: Extract<Type, { element: Type }>): Value {
  if (!isKeyed(value.type)) throw new MismatchError(`${nameOfType(type)} required`);
  const element = elementType(type, members(value));
  return map(
    element,
    [...entries(value)].map(([name, item]) => [name, within(`element "${name}"`, name, () => convert(item, element))] as const),
  );
}

/** Returns the element type that is asked for; for `any`, the one that all items have in common. */
function elementType({ element, kind }: Extract<Type, { element: Type }>, items: readonly Value[]): Type {
  if (element.kind !== "dynamic") return element;
  const found = unify(items.map(({ type }) => type));
  if (!found) throw new MismatchError(`all ${kind} elements must have the same type`);
  return found;
}

function toTuple(value: Value, { elements }: Extract<Type, { kind: "tuple" }>): Value {
  const items = members(value);
  if (value.type.kind !== "tuple") throw new MismatchError("tuple required");
  if (items.length !== elements.length) throw new MismatchError(`tuple of ${elements.length} elements required, got ${items.length}`);
  return tuple(items.map((item, i) => within(`element ${i}`, i, () => convert(item, elements[i] as Type))));
}

function toObject(value: Value, type: Extract<Type, { kind: "object" }>): Value {
  if (!isKeyed(value.type)) throw new MismatchError("object required");
  const given = entries(value);
  const attributes = new Map<string, Value>();
  for (const [name, wanted] of type.attributes) {
    const item = given.get(name);
    if (item)
      attributes.set(
        name,
        within(`attribute "${name}"`, name, () => convert(item, wanted)),
      );
    else if (type.optional?.has(name)) attributes.set(name, nullOf(wanted));
    else throw new MismatchError(`attribute "${name}" is required`);
  }
  return { type: { kind: "object", attributes: new Map([...attributes].map(([name, item]) => [name, item.type])) }, data: attributes };
}

/** Converts a part of a value. An error says which part. */
function within<T>(what: string, part: number | string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MismatchError)) throw error;
    const outer = new MismatchError(`${what}: ${error.message}`);
    outer.path = [part, ...error.path];
    throw outer;
  }
}

/** Converts to a bool that is not null. Throws {@link MismatchError}. */
export function truth(value: Value): boolean {
  if (value.data === null) throw new MismatchError("a bool is required, and this is null");
  return convert(value, BOOL).data as boolean;
}
