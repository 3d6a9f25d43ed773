import { DiagnosticsError, unreachable } from "../../../core/errors.js";
import type { Expression, ExpressionOf, Place } from "../ast.js";
import { badExpression, unknownVariable } from "../errors.js";
import { convert, toText, truth } from "../values/convert.js";
import { isSequence, nameOfType, sameType, STRING, unify } from "../values/type.js";
import { list, members, object, string, textOf, tuple, type Value } from "../values/value.js";
import { at } from "./at.js";
import { callFunction } from "./call.js";
import { evaluateFor } from "./for.js";
import { attributeOf, indexOf } from "./members.js";
import { calculate, negate } from "./operators.js";
import { type Lazy, type Scope, withVariables } from "./scope.js";
import { evaluateTemplate } from "./template.js";

/**
 * Returns the value of an expression. Throws DiagnosticsError with the place of the part that
 * cannot be evaluated.
 */
export function evaluate(expression: Expression, scope: Scope): Value {
  const value = operand(expression, scope);
  return isLazy(value) ? value.whole(expression) : value;
}

function isLazy(value: Value | Lazy): value is Lazy {
  return "lazy" in value;
}

/** Returns the value, or a lazy one that a member can still be taken of. */
function operand(expression: Expression, scope: Scope): Value | Lazy {
  if (expression.kind === "variable") return variable(expression, scope);
  if (expression.kind === "parens" || expression.kind === "wrap") return operand(expression.inner, scope);
  if (expression.kind === "attribute") {
    const of = operand(expression.of, scope);
    return isLazy(of) ? of.member(expression.name, expression) : attributeOf(of, expression.name, expression);
  }
  if (expression.kind === "index") {
    const of = operand(expression.of, scope);
    const key = evaluate(expression.key, scope);
    return isLazy(of)
      ? of.member(
          at(expression.key, () => textOf(convert(key, STRING))),
          expression,
        )
      : indexOf(of, key, expression);
  }
  return strict(expression, scope);
}

function variable({ name, ...place }: ExpressionOf<"variable">, scope: Scope): Value | Lazy {
  const value = scope.variable(name);
  if (!value) throw unknownVariable(name, scope.names(), place);
  return value;
}

type Strict = Exclude<Expression["kind"], "variable" | "parens" | "wrap" | "attribute" | "index">;

function strict(expression: ExpressionOf<Strict>, scope: Scope): Value {
  const value = (inner: Expression): Value => evaluate(inner, scope);
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "template":
      return string(evaluateTemplate(expression.parts, scope, evaluate));
    case "splatItem":
      return scope.variable(SPLAT_ITEM) as Value;
    case "splat":
      return splat(expression, scope);
    case "call":
      return callFunction(expression, scope, value);
    case "unary":
      return at(expression, () => negate(expression.operator, value(expression.operand)));
    case "binary":
      return calculate(expression, value);
    case "conditional":
      return conditional(expression, value);
    case "tuple":
      return tuple(expression.items.map(value));
    case "object":
      return object(expression.items.map((item) => [keyText(item.key, value(item.key)), value(item.value)] as const));
    case "for":
      return evaluateFor(expression, scope, evaluate);
    default:
      return unreachable(expression);
  }
}

/** Name under which the item of a splat is in scope: no name of a file has a star. */
const SPLAT_ITEM = "*";

/** Takes each item through the steps behind the star. Null has no items, another value is one. */
function splat({ of, each }: ExpressionOf<"splat">, scope: Scope): Value {
  const source = evaluate(of, scope);
  if (source.data === null) return tuple([]);
  const items = isSequence(source.type) ? members(source) : [source];
  const results = items.map((item) => evaluate(each, withVariables(scope, new Map([[SPLAT_ITEM, item]]))));
  const [first] = results;
  const uniform = first !== undefined && results.every(({ type }) => sameType(type, first.type));
  return source.type.kind !== "tuple" && isSequence(source.type) && uniform ? list(first.type, results) : tuple(results);
}

/**
 * Returns the branch that is chosen, in the type that both have in common. Note that the other
 * branch is evaluated as well, because `a ? "x" : 1` is a string; an error in it does not matter.
 */
function conditional({ test, yes, no, ...place }: ExpressionOf<"conditional">, value: (inner: Expression) => Value): Value {
  const condition = at(test, () => truth(value(test)));
  const [chosen, other] = condition ? [yes, no] : [no, yes];
  const result = value(chosen);
  const idle = unlessItFails(() => value(other));
  const type = unify([result.type, ...(idle ? [idle.type] : [])]);
  if (!type)
    throw badExpression(
      `Cannot choose between ${nameOfType(result.type)} and ${nameOfType(idle?.type ?? result.type)}: both results need one type`,
      place,
    );
  return at(place, () => convert(result, type));
}

function unlessItFails(work: () => Value): Value | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof DiagnosticsError && error.code !== "hcl/cycle") return undefined;
    throw error;
  }
}

/** Returns the text of an object's key. */
function keyText(place: Place, key: Value): string {
  if (key.data === null) throw badExpression("Cannot use null as the name of an attribute", place);
  return at(place, () => toText(key));
}
