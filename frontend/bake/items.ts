import { convert, MismatchError } from "../hcl/values/convert.js";
import { isSequence, listOf, mapOf, nameOfType, STRING, type Type } from "../hcl/values/type.js";
import { entries, members, textOf, type Value } from "../hcl/values/value.js";
import { EntryError } from "./entries.js";

/** Type of an output, a cache or an attestation that is an object. */
export const ENTRY = mapOf(STRING);

/** Reads a part of a value. An error says which part. */
export function within<T>(part: number | string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof MismatchError || error instanceof EntryError) error.path = [part, ...error.path];
    throw error;
  }
}

/** Reads the items of a list, without empty texts. */
export function readItems<T>(value: Value, element: Type, read: (item: Value) => T): readonly T[] {
  if (value.type.kind === "set" || !isSequence(value.type)) throw new MismatchError(`${nameOfType(listOf(element))} required`);
  return members(value).flatMap((item, i) => (item.data === "" || item.data === null ? [] : [within(i, () => read(item))]));
}

/** Reads an object of texts. */
export function attributesOf(value: Value): (readonly [string, string])[] {
  return [...entries(convert(value, ENTRY))].map(([name, item]) =>
    within(name, () => {
      if (item.data === null) throw new MismatchError(`"${name}" must not be null`);
      return [name, textOf(item)] as const;
    }),
  );
}
