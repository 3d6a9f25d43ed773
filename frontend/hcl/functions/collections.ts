import { CallError, type EagerFunction } from "../evaluate/scope.js";
import { convert } from "../values/convert.js";
import { Fraction } from "../values/number.js";
import { DYNAMIC, isKeyed, isSequence, listOf, mapOf, NUMBER, STRING, sameType, type Type, unify } from "../values/type.js";
import {
  bool,
  entries,
  equal,
  integer,
  list,
  map,
  members,
  number,
  numberOf,
  object,
  string,
  textOf,
  tuple,
  type Value,
} from "../values/value.js";
import { ANY, ANY_OR_NULL, define, type Functions, NUMERIC, parameter, TEXT, TEXTS, whole } from "./define.js";

const LIST = (name: string) => parameter(name, listOf(DYNAMIC));

/** Returns the items of a list, set or tuple. Throws {@link CallError}. */
function itemsOf(value: Value, argument: number): readonly Value[] {
  if (!isSequence(value.type)) throw new CallError("a list is required", argument);
  return members(value);
}

function keyedOf(value: Value, argument: number): ReadonlyMap<string, Value> {
  if (!isKeyed(value.type)) throw new CallError("a map or an object is required", argument);
  return entries(value);
}

/** Returns items in a list when they come from lists of one type, otherwise in a tuple. */
function likeThese(sources: readonly Value[], items: readonly Value[]): Value {
  const [first] = sources;
  const uniform = first && first.type.kind === "list" && sources.every(({ type }) => sameType(type, first.type));
  return uniform ? list(first.type.element, items) : tuple(items);
}

function length(value: Value): number {
  if (isSequence(value.type) || value.type.kind === "map") return members(value).length;
  throw new CallError("a list, set, tuple or map is required", 0);
}

function flatten(items: readonly Value[]): Value[] {
  return items.flatMap((item) => (isSequence(item.type) && item.data !== null ? flatten(members(item)) : [item]));
}

/** Returns the position of the first equal item. */
function positionOf(items: readonly Value[], wanted: Value): number {
  return items.findIndex((item) => equal(item, wanted));
}

const MOST_NUMBERS = 1024;

/** Returns numbers from `start` to before `end`. */
function range(args: readonly Value[]): Value {
  const numbers = args.map(numberOf);
  if (numbers.length === 0 || numbers.length > 3) throw new CallError("range() takes one, two or three numbers");
  const [start, end] = (numbers.length === 1 ? [Fraction.ZERO, numbers[0]] : numbers) as [Fraction, Fraction];
  const down = end.compare(start) < 0;
  const step = numbers[2] ?? Fraction.of(down ? -1 : 1);
  if (step.sign === 0) throw new CallError("the step must not be zero", 2);
  if (step.sign > 0 === down && start.compare(end) !== 0) throw new CallError("the step leads away from the end", 2);
  const made: Value[] = [];
  for (let at = start; down ? at.compare(end) > 0 : at.compare(end) < 0; at = at.plus(step)) {
    if (made.length >= MOST_NUMBERS) throw new CallError(`more than ${MOST_NUMBERS} numbers`);
    made.push(number(at));
  }
  return list(NUMBER, made);
}

function chunks(items: readonly Value[], size: number): readonly (readonly Value[])[] {
  if (size < 0) throw new CallError("the size must not be negative", 1);
  if (size === 0) return items.length === 0 ? [] : [items];
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function merge(sources: readonly Value[]): Value {
  const given = sources.filter(({ data }) => data !== null);
  const all = given.flatMap((source, i) => [...keyedOf(source, i)]);
  const [first] = given;
  const uniform = first && first.type.kind === "map" && given.every(({ type }) => sameType(type, first.type));
  return uniform ? map(first.type.element, all) : object(all);
}

/** Returns every combination of one item of each list. */
function product(sources: readonly Value[]): Value {
  if (sources.length === 0) throw new CallError("at least one set is required");
  let rows: (readonly Value[])[] = [[]];
  for (const [i, source] of sources.entries()) {
    const items = itemsOf(source, i);
    if (rows.length * items.length > 100_000) throw new CallError("more than 100,000 combinations");
    rows = rows.flatMap((row) => items.map((item) => [...row, item]));
  }
  const made = rows.map(tuple);
  const type = unify(made.map(({ type }) => type)) ?? DYNAMIC;
  return list(
    type,
    made.map((row) => convert(row, type)),
  );
}

function coalesce(name: "value" | "list"): EagerFunction {
  const choose = (...args: Value[]) => {
    const type = unify(args.map((arg) => arg.type));
    if (!type) throw new CallError("all arguments must have one type");
    const found = args.find((arg) => arg.data !== null && (name === "value" || itemsOf(arg, 0).length > 0));
    if (!found) throw new CallError(name === "value" ? "all arguments are null" : "all lists are empty");
    return convert(found, type);
  };
  return define([], choose, ANY_OR_NULL("vals"));
}

export const COLLECTION_FUNCTIONS: Functions = {
  length: define([ANY("collection")], (value) => integer(length(value))),
  element: define([ANY("list"), NUMERIC("index")], (value, index) => {
    const items = itemsOf(value, 0);
    if (items.length === 0) throw new CallError("the list is empty", 0);
    const at = whole(index, 1) % items.length;
    return items[at < 0 ? at + items.length : at] as Value;
  }),
  index: define([ANY("collection"), ANY("key")], (value, key) => {
    if (!has(value, key)) throw new CallError("the collection has no such element", 1);
    return value.type.kind === "map"
      ? (entries(value).get(textOf(convert(key, STRING))) as Value)
      : (members(value)[whole(convert(key, NUMBER), 1)] as Value);
  }),
  hasindex: define([ANY("collection"), ANY("key")], (value, key) => bool(has(value, key))),
  indexof: define([ANY("list"), ANY("value")], (value, wanted) => {
    const at = positionOf(itemsOf(value, 0), wanted);
    if (at === -1) throw new CallError("the list has no such element", 1);
    return integer(at);
  }),
  lookup: define(
    [ANY("map"), TEXT("key"), ANY_OR_NULL("default")],
    (value, key, fallback) => keyedOf(value, 0).get(textOf(key)) ?? fallback,
  ),
  contains: define([ANY("list"), ANY_OR_NULL("value")], (value, wanted) => bool(positionOf(itemsOf(value, 0), wanted) !== -1)),
  keys: define([ANY("map")], (value) => {
    const names = [...keyedOf(value, 0).keys()].map(string);
    return value.type.kind === "map" ? list(STRING, names) : tuple(names);
  }),
  values: define([ANY("map")], (value) => {
    const items = [...keyedOf(value, 0).values()];
    return value.type.kind === "map" ? list(value.type.element, items) : tuple(items);
  }),
  merge: define([], (...sources) => merge(sources), ANY_OR_NULL("maps")),
  zipmap: define([TEXTS("keys"), ANY("values")], (keys, values) => {
    const names = members(keys).map(textOf);
    const items = itemsOf(values, 1);
    if (names.length !== items.length) throw new CallError(`there are ${names.length} keys and ${items.length} values`);
    const pairs = names.map((name, i) => [name, items[i] as Value] as const);
    return values.type.kind === "list" ? convert(object(pairs), mapOf(values.type.element)) : object(pairs);
  }),
  concat: define(
    [],
    (...lists) => {
      if (lists.length === 0) throw new CallError("at least one list is required");
      return likeThese(
        lists,
        lists.flatMap((items, i) => [...itemsOf(items, i)]),
      );
    },
    ANY("seqs"),
  ),
  flatten: define([ANY("list")], (value) => tuple(flatten(itemsOf(value, 0)))),
  reverselist: define([ANY("list")], (value) => likeThese([value], [...itemsOf(value, 0)].reverse())),
  slice: define([ANY("list"), NUMERIC("start_index"), NUMERIC("end_index")], (value, start, end) => {
    const items = itemsOf(value, 0);
    const [from, to] = [whole(start, 1), whole(end, 2)];
    if (from < 0 || to > items.length || from > to)
      throw new CallError(`there are ${items.length} elements; the start is not after the end`, from < 0 || from > to ? 1 : 2);
    return likeThese([value], items.slice(from, to));
  }),
  distinct: define([LIST("list")], (value) =>
    likeThese(
      [value],
      members(value).filter((item, i, all) => positionOf(all, item) === i),
    ),
  ),
  compact: define([parameter("list", listOf(STRING))], (value) =>
    list(
      STRING,
      members(value).filter(({ data }) => data !== null && data !== ""),
    ),
  ),
  chunklist: define([LIST("list"), NUMERIC("size")], (value, size) => {
    const type = value.type as Extract<Type, { element: Type }>;
    return list(
      listOf(type.element),
      chunks(members(value), whole(size, 1)).map((items) => list(type.element, items)),
    );
  }),
  range: define([], (...args) => range(args), NUMERIC("params")),
  setproduct: define([], (...sources) => product(sources), ANY("sets")),
  coalesce: coalesce("value"),
  coalescelist: coalesce("list"),
};

/** Returns true when the collection has an element of this key or at this position. */
function has(value: Value, key: Value): boolean {
  if (value.type.kind === "map") return entries(value).has(textOf(convert(key, STRING)));
  const items = itemsOf(value, 0);
  return key.type.kind === "number" && numberOf(key).isInteger && items[Number(numberOf(key).numerator)] !== undefined;
}
