import type { BinaryOperator, Expression, ExpressionOf } from "../ast.js";
import { convert, MismatchError, truth } from "../values/convert.js";
import { Fraction } from "../values/number.js";
import { NUMBER } from "../values/type.js";
import { bool, equal, number, numberOf, type Value } from "../values/value.js";
import { at } from "./at.js";

export function negate(operator: "-" | "!", value: Value): Value {
  return operator === "!" ? bool(!truth(value)) : number(toNumber(value).negated());
}

/**
 * Returns the value of `left operator right`. `&&` and `||` look at the right side when it counts.
 */
export function calculate(expression: ExpressionOf<"binary">, value: (inner: Expression) => Value): Value {
  const { operator, left, right } = expression;
  if (operator === "&&" || operator === "||") {
    const first = at(left, () => truth(value(left)));
    return bool(first === (operator === "||") ? first : at(right, () => truth(value(right))));
  }
  const [a, b] = [value(left), value(right)];
  if (operator === "==" || operator === "!=") return bool(equal(a, b) === (operator === "=="));
  const [x, y] = [at(left, () => toNumber(a)), at(right, () => toNumber(b))];
  return at(expression, () => arithmetic(operator, x, y));
}

/** Converts to a number that is not null. Throws {@link MismatchError}. */
function toNumber(value: Value): Fraction {
  if (value.data === null) throw new MismatchError("a number is required, and this is null");
  return numberOf(convert(value, NUMBER));
}

type Arithmetic = Exclude<BinaryOperator, "&&" | "||" | "==" | "!=">;

const ARITHMETIC: Readonly<Record<Arithmetic, (a: Fraction, b: Fraction) => Value>> = {
  "+": (a, b) => number(a.plus(b)),
  "-": (a, b) => number(a.minus(b)),
  "*": (a, b) => number(a.times(b)),
  "/": (a, b) => number(a.over(notZero(b))),
  "%": (a, b) => number(remainder(a, b)),
  "<": (a, b) => bool(a.compare(b) < 0),
  "<=": (a, b) => bool(a.compare(b) <= 0),
  ">": (a, b) => bool(a.compare(b) > 0),
  ">=": (a, b) => bool(a.compare(b) >= 0),
};

/** Computes with two numbers. Throws {@link MismatchError}. */
export function arithmetic(operator: Arithmetic, a: Fraction, b: Fraction): Value {
  return ARITHMETIC[operator](a, b);
}

function notZero(divisor: Fraction): Fraction {
  if (divisor.sign === 0) throw new MismatchError("the divisor is zero");
  return divisor;
}

/** Returns the rest of a division that is cut towards zero. Note that HCL has `a % 0` equal `a`. */
function remainder(a: Fraction, b: Fraction): Fraction {
  return b.sign === 0 ? a : a.minus(b.times(Fraction.of(a.over(b).truncated())));
}
