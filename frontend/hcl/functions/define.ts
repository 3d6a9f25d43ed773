import { CallError, type EagerFunction, type Parameter } from "../evaluate/scope.js";
import type { Fraction } from "../values/number.js";
import { BOOL, DYNAMIC, listOf, NUMBER, STRING, type Type } from "../values/type.js";
import { numberOf, textOf, type Value } from "../values/value.js";

/** Functions by name. */
export type Functions = Readonly<Record<string, EagerFunction>>;

/** Returns a parameter. A nullable parameter takes null too. */
export function parameter(name: string, type: Type, nullable = false): Parameter {
  return { name, type, nullable };
}

export const TEXT = (name: string): Parameter => parameter(name, STRING);
export const NUMERIC = (name: string): Parameter => parameter(name, NUMBER);
export const TRUTH = (name: string): Parameter => parameter(name, BOOL);
export const ANY = (name: string): Parameter => parameter(name, DYNAMIC);
export const ANY_OR_NULL = (name: string): Parameter => parameter(name, DYNAMIC, true);
export const TEXTS = (name: string): Parameter => parameter(name, listOf(STRING));

/** Returns a function of the parameters, with `rest` for any number of further arguments. */
export function define(parameters: readonly Parameter[], call: (...args: Value[]) => Value, rest?: Parameter): EagerFunction {
  return { parameters, call: (args) => call(...args), ...(rest ? { rest } : {}) };
}

/** Returns a function of texts that makes one. */
export function ofTexts(names: readonly string[], call: (...texts: string[]) => Value): EagerFunction {
  return define(names.map(TEXT), (...args) => call(...args.map(textOf)));
}

/** Returns a function of numbers. */
export function ofNumbers(names: readonly string[], call: (...numbers: Fraction[]) => Value): EagerFunction {
  return define(names.map(NUMERIC), (...args) => call(...args.map(numberOf)));
}

/** Returns a number as a whole one that a double holds. Throws {@link CallError}. */
export function whole(value: Value, argument: number): number {
  const number = numberOf(value);
  const result = Number(number.numerator);
  if (!number.isInteger || !Number.isSafeInteger(result)) throw new CallError("a whole number is required", argument);
  return result;
}
