import type { Place } from "../ast.js";
import { badExpression, noAttribute } from "../errors.js";
import { convert } from "../values/convert.js";
import { isKeyed, isSequence, NUMBER, nameOfType, STRING } from "../values/type.js";
import { entries, members, numberOf, textOf, type Value } from "../values/value.js";
import { at } from "./at.js";

/** Returns the attribute of an object or the element of a map. */
export function attributeOf(value: Value, name: string, place: Place): Value {
  if (value.data === null) throw badExpression(`Cannot read "${name}" of null`, place);
  if (!isKeyed(value.type)) {
    const hint = isSequence(value.type) ? "an element of a list is list[0], the attribute of each element list[*].name" : undefined;
    throw badExpression(`Cannot read "${name}": a ${nameOfType(value.type)} has no attributes`, place, hint);
  }
  const found = entries(value).get(name);
  if (!found) throw noAttribute(name, entries(value).keys(), place);
  return found;
}

/** Returns the element at a position, or the one of a key. */
export function indexOf(value: Value, key: Value, place: Place): Value {
  if (value.data === null) throw badExpression("Cannot take an element of null", place);
  if (key.data === null) throw badExpression("Cannot take the element null", place);
  if (isKeyed(value.type)) return attributeOf(value, textOf(at(place, () => convert(key, STRING))), place);
  if (!isSequence(value.type) || value.type.kind === "set")
    throw badExpression(`Cannot take an element of a ${nameOfType(value.type)}: it has none that can be named`, place);
  const items = members(value);
  const position = numberOf(at(place, () => convert(key, NUMBER)));
  const item = position.isInteger ? items[Number(position.numerator)] : undefined;
  if (!item) throw badExpression(`Cannot take element ${position.toString()}: there are ${items.length}, counted from 0`, place);
  return item;
}
