import { arithmetic } from "../evaluate/operators.js";
import { CallError, type EagerFunction } from "../evaluate/scope.js";
import { Fraction } from "../values/number.js";
import { BOOL } from "../values/type.js";
import { bool, equal, integer, number, numberOf, textOf, type Value } from "../values/value.js";
import { ANY_OR_NULL, define, type Functions, NUMERIC, ofNumbers, parameter, TEXT, TRUTH, whole } from "./define.js";

function binary(operator: "+" | "-" | "*" | "/" | "%" | "<" | "<=" | ">" | ">="): EagerFunction {
  return ofNumbers(["a", "b"], (a, b) => arithmetic(operator, a, b));
}

/** Computes with doubles. A result that is no number is refused. */
function withDoubles(names: readonly [string, string], compute: (a: number, b: number) => number): EagerFunction {
  return ofNumbers(names, (a, b) => {
    const result = compute(a.toDouble(), b.toDouble());
    if (!Number.isFinite(result)) throw new CallError("the result is no finite number");
    return number(Fraction.parse(String(result)) ?? Fraction.fromDouble(result));
  });
}

/** Returns the number that `better` prefers to all others. */
function best(better: (a: Fraction, b: Fraction) => boolean): EagerFunction {
  const choose = (...args: Value[]) => {
    const numbers = args.map(numberOf);
    if (numbers.length === 0) throw new CallError("at least one number is required");
    return number(numbers.reduce((a, b) => (better(b, a) ? b : a)));
  };
  return define([], choose, NUMERIC("numbers"));
}

/** Reads a whole number in a base from 2 to 62, as Go's big integers do. */
function parseInteger(text: string, base: number): Value {
  const digits = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const found = /^([+-]?)([0-9a-zA-Z]+)$/.exec(text);
  let value = 0n;
  for (const letter of found?.[2] ?? "?") {
    const digit = digits.indexOf(base <= 36 ? letter.toLowerCase() : letter);
    if (digit < 0 || digit >= base) throw new CallError(`"${text}" is no whole number in base ${base}`, 0);
    value = value * BigInt(base) + BigInt(digit);
  }
  return integer(found?.[1] === "-" ? -value : value);
}

export const NUMBER_FUNCTIONS: Functions = {
  absolute: ofNumbers(["num"], (a) => number(a.sign < 0 ? a.negated() : a)),
  add: binary("+"),
  subtract: binary("-"),
  multiply: binary("*"),
  divide: binary("/"),
  modulo: binary("%"),
  negate: ofNumbers(["num"], (a) => number(a.negated())),
  ceil: ofNumbers(["num"], (a) => integer(-a.negated().floor())),
  floor: ofNumbers(["num"], (a) => integer(a.floor())),
  int: ofNumbers(["num"], (a) => integer(a.truncated())),
  signum: ofNumbers(["num"], (a) => integer(a.sign)),
  log: withDoubles(["num", "base"], (a, b) => Math.log(a) / Math.log(b)),
  pow: withDoubles(["num", "power"], (a, b) => a ** b),
  min: best((a, b) => a.compare(b) < 0),
  max: best((a, b) => a.compare(b) > 0),
  lessthan: binary("<"),
  lessthanorequalto: binary("<="),
  greaterthan: binary(">"),
  greaterthanorequalto: binary(">="),
  parseint: define([TEXT("number"), NUMERIC("base")], (text, base) => {
    const wanted = whole(base, 1);
    if (wanted < 2 || wanted > 62) throw new CallError("the base is from 2 to 62", 1);
    return parseInteger(textOf(text), wanted);
  }),
  equal: define([ANY_OR_NULL("a"), ANY_OR_NULL("b")], (a, b) => bool(equal(a, b))),
  notequal: define([ANY_OR_NULL("a"), ANY_OR_NULL("b")], (a, b) => bool(!equal(a, b))),
  and: define([TRUTH("a"), TRUTH("b")], (a, b) => bool(a.data === true && b.data === true)),
  or: define([TRUTH("a"), TRUTH("b")], (a, b) => bool(a.data === true || b.data === true)),
  not: define([parameter("val", BOOL)], (a) => bool(a.data !== true)),
};
