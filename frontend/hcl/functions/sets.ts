import { convert } from "../values/convert.js";
import { CallError, type EagerFunction } from "../evaluate/scope.js";
import { DYNAMIC, setOf, type Type, unify } from "../values/type.js";
import { bool, equal, members, set, type Value } from "../values/value.js";
import { ANY, define, type Functions, parameter } from "./define.js";

const SET = (name: string) => parameter(name, setOf(DYNAMIC));

/** Returns a function that joins sets, two at a time from the left. */
function joining(join: (a: readonly Value[], b: readonly Value[]) => readonly Value[]): EagerFunction {
  const call = (...sets: Value[]) => {
    const element = unify(sets.map(({ type }) => (type as Extract<Type, { element: Type }>).element));
    if (!element) throw new CallError("all sets must hold one type");
    const all = sets.map((one) => members(convert(one, setOf(element))));
    return set(element, all.slice(1).reduce(join, all[0] as readonly Value[]));
  };
  return define([SET("first_set")], call, SET("other_sets"));
}

const holds = (items: readonly Value[], wanted: Value): boolean => items.some((item) => equal(item, wanted));
const without = (a: readonly Value[], b: readonly Value[]): readonly Value[] => a.filter((item) => !holds(b, item));

export const SET_FUNCTIONS: Functions = {
  sethaselement: define([SET("set"), ANY("elem")], (items, wanted) => bool(holds(members(items), wanted))),
  setunion: joining((a, b) => [...a, ...b]),
  setintersection: joining((a, b) => a.filter((item) => holds(b, item))),
  setsubtract: joining(without),
  setsymmetricdifference: joining((a, b) => [...without(a, b), ...without(b, a)]),
};
