/**
 * Type of a value, as HCL's type system (cty) has them. Types are compared with {@link sameType}.
 */
export type Type =
  | { readonly kind: "string" | "number" | "bool" | "dynamic" }
  | { readonly kind: "list" | "set" | "map"; readonly element: Type }
  | { readonly kind: "tuple"; readonly elements: readonly Type[] }
  | { readonly kind: "object"; readonly attributes: ReadonlyMap<string, Type>; readonly optional?: ReadonlySet<string> };

export const STRING: Type = { kind: "string" };
export const NUMBER: Type = { kind: "number" };
export const BOOL: Type = { kind: "bool" };
/** Type of a null that nothing else is known of; as a constraint, any type. */
export const DYNAMIC: Type = { kind: "dynamic" };

export const listOf = (element: Type): Type => ({ kind: "list", element });
export const setOf = (element: Type): Type => ({ kind: "set", element });
export const mapOf = (element: Type): Type => ({ kind: "map", element });
export const tupleOf = (elements: readonly Type[]): Type => ({ kind: "tuple", elements });
export const objectOf = (attributes: ReadonlyMap<string, Type>): Type => ({ kind: "object", attributes });

export function isPrimitive(type: Type): boolean {
  return type.kind === "string" || type.kind === "number" || type.kind === "bool";
}

/** Returns true for lists, sets and tuples. */
export function isSequence(type: Type): boolean {
  return type.kind === "list" || type.kind === "set" || type.kind === "tuple";
}

/** Returns true for maps and objects. */
export function isKeyed(type: Type): boolean {
  return type.kind === "map" || type.kind === "object";
}

export function sameType(a: Type, b: Type): boolean {
  if ("element" in a) return a.kind === b.kind && sameType(a.element, b.element);
  if (a.kind === "tuple")
    return (
      b.kind === "tuple" && a.elements.length === b.elements.length && a.elements.every((type, i) => sameType(type, b.elements[i] as Type))
    );
  if (a.kind === "object") {
    if (b.kind !== "object" || a.attributes.size !== b.attributes.size) return false;
    return [...a.attributes].every(([name, type]) => {
      const other = b.attributes.get(name);
      return other !== undefined && sameType(type, other) && (a.optional?.has(name) ?? false) === (b.optional?.has(name) ?? false);
    });
  }
  return a.kind === b.kind;
}

/** Returns the type as a sentence of a message names it, such as `list of string`. */
export function nameOfType(type: Type): string {
  if ("element" in type) return `${type.kind} of ${type.element.kind === "dynamic" ? "any single type" : nameOfType(type.element)}`;
  return type.kind === "dynamic" ? "any type" : type.kind;
}

/** Returns the one type that all of them convert to, or undefined. */
export function unify(types: readonly Type[]): Type | undefined {
  const known = types.filter((type) => type.kind !== "dynamic");
  const [first] = known;
  if (!first) return DYNAMIC;
  if (known.every((type) => sameType(type, first))) return first;
  if (known.every(isPrimitive)) return STRING;
  if (known.every(({ kind }) => kind === "object")) return unifyObjects(known as ObjectType[]);
  if (known.every(isKeyed)) return collection("map", known.flatMap(memberTypes));
  if (known.every(({ kind }) => kind === "tuple")) return unifyTuples(known as TupleType[]);
  if (known.every(({ kind }) => kind === "set" || kind === "tuple") && known.some(({ kind }) => kind === "set"))
    return collection("set", known.flatMap(memberTypes));
  return known.every(isSequence) ? collection("list", known.flatMap(memberTypes)) : undefined;
}

type ObjectType = Extract<Type, { kind: "object" }>;
type TupleType = Extract<Type, { kind: "tuple" }>;

/** Returns the types of the members of a sequence, map or object. */
export function memberTypes(type: Type): readonly Type[] {
  if ("element" in type) return [type.element];
  if (type.kind === "tuple") return type.elements;
  return type.kind === "object" ? [...type.attributes.values()] : [];
}

function collection(kind: "list" | "set" | "map", members: readonly Type[]): Type | undefined {
  const element = unify(members);
  return element && { kind, element };
}

/** Objects with the same attributes stay objects; others become a map. */
function unifyObjects(types: readonly ObjectType[]): Type | undefined {
  const [first] = types as [ObjectType];
  const names = [...first.attributes.keys()];
  if (!types.every(({ attributes }) => attributes.size === names.length && names.every((name) => attributes.has(name))))
    return collection("map", types.flatMap(memberTypes));
  const attributes = new Map<string, Type>();
  for (const name of names) {
    const type = unify(types.map((object) => object.attributes.get(name) as Type));
    if (!type) return undefined;
    attributes.set(name, type);
  }
  return objectOf(attributes);
}

/** Tuples of one length stay tuples; others become a list. */
function unifyTuples(types: readonly TupleType[]): Type | undefined {
  const [first] = types as [TupleType];
  if (!types.every(({ elements }) => elements.length === first.elements.length)) return collection("list", types.flatMap(memberTypes));
  const elements = first.elements.map((_, i) => unify(types.map((tuple) => tuple.elements[i] as Type)));
  return elements.every((type) => type !== undefined) ? tupleOf(elements) : undefined;
}
