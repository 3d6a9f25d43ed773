import { DiagnosticsError } from "../../../core/errors.js";
import type { Expression } from "../ast.js";
import { badExpression } from "../errors.js";
import { CallError, type LazyFunction } from "../evaluate/scope.js";
import { convert } from "../values/convert.js";
import { BOOL, DYNAMIC, listOf, mapOf, NUMBER, objectOf, setOf, STRING, type Type, tupleOf } from "../values/type.js";
import { bool, textOf } from "../values/value.js";

const NAMED: ReadonlyMap<string, Type> = new Map([
  ["string", STRING],
  ["number", NUMBER],
  ["bool", BOOL],
  ["any", DYNAMIC],
]);

const COLLECTIONS: ReadonlyMap<string, (element: Type) => Type> = new Map([
  ["list", listOf],
  ["set", setOf],
  ["map", mapOf],
]);

/** Reads an expression as a type: `string`, `list(number)`, `object({name = string})`. */
export function typeOf(expression: Expression): Type {
  const refuse = (found: string): DiagnosticsError =>
    badExpression(
      `Cannot read a type: ${found}`,
      expression,
      "types are string, number, bool, any, list(T), set(T), map(T), tuple([T]), object({name = T})",
    );
  if (expression.kind === "variable") {
    const named = NAMED.get(expression.name);
    if (named) return named;
    throw refuse(
      COLLECTIONS.has(expression.name)
        ? `${expression.name} needs the type of its elements, such as ${expression.name}(string)`
        : `there is no type "${expression.name}"`,
    );
  }
  const [first] = expression.kind === "call" ? expression.args : [];
  if (expression.kind !== "call" || !first || expression.args.length !== 1) throw refuse("this is none");
  const collection = COLLECTIONS.get(expression.name);
  if (collection) return collection(typeOf(first));
  if (expression.name === "tuple" && first.kind === "tuple") return tupleOf(first.items.map(typeOf));
  if (expression.name === "object" && first.kind === "object")
    return objectOf(new Map(first.items.map(({ key, value }) => [key.kind === "literal" ? textOf(key.value) : "", typeOf(value)])));
  throw refuse(`there is no type "${expression.name}" of this`);
}

/** Functions that look at their arguments before those have a value. */
export const LAZY_FUNCTIONS: Readonly<Record<string, LazyFunction>> = {
  try: {
    evaluate(args, value) {
      const failures: DiagnosticsError[] = [];
      for (const argument of args) {
        try {
          return value(argument);
        } catch (error) {
          if (!(error instanceof DiagnosticsError)) throw error;
          failures.push(error);
        }
      }
      throw new CallError(
        failures.length === 0
          ? "at least one argument is required"
          : `no argument has a value: ${failures.map(({ message }) => message).join("; ")}`,
      );
    },
  },
  can: {
    evaluate(args, value) {
      const [argument] = args;
      if (!argument || args.length !== 1) throw new CallError("one argument is required");
      try {
        value(argument);
        return bool(true);
      } catch (error) {
        if (error instanceof DiagnosticsError) return bool(false);
        throw error;
      }
    },
  },
  convert: {
    evaluate(args, value) {
      const [argument, type] = args;
      if (!argument || !type || args.length !== 2) throw new CallError("a value and a type are required");
      return convert(value(argument), typeOf(type));
    },
  },
};
