import { parseBoolean } from "../../core/go-values/boolean.js";
import { parseCsv } from "../../core/go-values/csv.js";
import { convert, MismatchError, toText } from "../hcl/values/convert.js";
import { fromJson, toJson } from "../hcl/values/json.js";
import { Fraction } from "../hcl/values/number.js";
import { isPrimitive, memberTypes, nameOfType, type Type } from "../hcl/values/type.js";
import { bool, list, map, number, set, string, tuple, type Value } from "../hcl/values/value.js";

/** A value that comes from outside, as text. */
export interface Given {
  readonly text: string;
  /** True for a value of `NAME_JSON`. */
  readonly json: boolean;
}

/**
 * Returns the value of a variable that is given from outside, in the type that it declares or that
 * its default has. Throws MismatchError.
 */
export function givenValue(given: Given, declared: Type | undefined, fallback: Value | undefined): Value {
  if (declared && given.json) return convert(parsedJson(given.text), declared);
  if (declared)
    return isPrimitive(declared) || declared.kind === "dynamic" ? primitive(given.text, declared) : fromCsv(given.text, declared);
  if (!fallback || fallback.type.kind === "dynamic") return string(given.text);
  if (!isPrimitive(fallback.type))
    throw new MismatchError(
      `a text cannot be given for a ${nameOfType(fallback.type)} whose type is not declared; add type = … to the variable`,
    );
  return primitive(given.text, fallback.type);
}

function parsedJson(text: string): Value {
  try {
    return fromJson(text);
  } catch (error) {
    throw new MismatchError(`the value is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function primitive(text: string, type: Type): Value {
  if (type.kind === "bool") {
    const read = parseBoolean(text);
    if (read === undefined) throw new MismatchError(`"${text}" is neither true nor false`);
    return bool(read);
  }
  if (type.kind !== "number") return string(text);
  const read = Fraction.parse(text);
  if (!read) throw new MismatchError(`"${text}" is no number`);
  return number(read);
}

/** Reads `a,b` as a list, set or tuple, and `k:v,k2:v2` as a map. */
function fromCsv(text: string, type: Type): Value {
  const fields = csvFields(text);
  if (!memberTypes(type).every(isPrimitive) || type.kind === "object")
    throw new MismatchError(`a ${nameOfType(type)} cannot be given as a,b,c; give it as JSON, in a variable that ends with _JSON`);
  if (type.kind === "tuple") {
    if (fields.length !== type.elements.length)
      throw new MismatchError(`${type.elements.length} values are needed, and ${fields.length} are given`);
    return tuple(fields.map((field, i) => primitive(field, type.elements[i] as Type)));
  }
  const [element] = memberTypes(type) as [Type];
  if (type.kind === "map") {
    const pairs = fields.map((field) => {
      const [key, value, ...more] = field.split(":");
      if (key === undefined || value === undefined || more.length > 0) throw new MismatchError(`"${field}" is not KEY:VALUE`);
      return [key, primitive(value, element)] as const;
    });
    return map(element, pairs);
  }
  const items = fields.map((field) => primitive(field, element));
  return type.kind === "set" ? set(element, items) : list(element, items);
}

function csvFields(text: string): readonly string[] {
  const line = parseCsv(text);
  if ("problem" in line) throw new MismatchError(`"${text}" cannot be read: ${line.problem}`);
  return line.fields;
}

/** Returns the text that a list of variables shows; undefined for null. */
export function shownValue(value: Value): string | undefined {
  if (value.data === null) return undefined;
  return isPrimitive(value.type) ? toText(value) : toJson(value);
}
