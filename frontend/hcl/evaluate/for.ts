import type { Expression, ExpressionOf, Place } from "../ast.js";
import { badExpression } from "../errors.js";
import { toText, truth } from "../values/convert.js";
import { isKeyed, isSequence, nameOfType } from "../values/type.js";
import { entries, integer, members, object, string, tuple, type Value } from "../values/value.js";
import { at } from "./at.js";
import { type Scope, withVariables } from "./scope.js";

type Evaluate = (expression: Expression, scope: Scope) => Value;

/** Yields the scope of each round. Lists have their positions as keys, sets their elements. */
export function* loop(
  { keyName, valueName }: { readonly keyName: string | undefined; readonly valueName: string },
  over: Value,
  scope: Scope,
  place: Place,
): Generator<Scope> {
  if (over.data === null) throw badExpression("Cannot go through null", place);
  for (const [key, item] of pairs(over, place)) {
    yield withVariables(scope, new Map([...(keyName === undefined ? [] : [[keyName, key] as const]), [valueName, item]]));
  }
}

function pairs(value: Value, place: Place): readonly (readonly [Value, Value])[] {
  if (isKeyed(value.type)) return [...entries(value)].map(([name, item]) => [string(name), item]);
  if (isSequence(value.type)) return members(value).map((item, i) => [value.type.kind === "set" ? item : integer(i), item]);
  throw badExpression(`Cannot go through a ${nameOfType(value.type)}: a list, set or map is needed`, place);
}

export function evaluateFor(node: ExpressionOf<"for">, scope: Scope, evaluate: Evaluate): Value {
  const { condition, resultKey, result } = node;
  const rounds = [...loop(node, evaluate(node.over, scope), scope, node.over)].filter(
    (inner) => !condition || at(condition, () => truth(evaluate(condition, inner))),
  );
  if (!resultKey) return tuple(rounds.map((inner) => evaluate(result, inner)));
  const made = new Map<string, Value[]>();
  for (const inner of rounds) {
    const key = evaluate(resultKey, inner);
    if (key.data === null) throw badExpression("Cannot use null as the name of an attribute", resultKey);
    const name = at(resultKey, () => toText(key));
    const values = made.get(name);
    if (values && !node.group)
      throw badExpression(`Cannot make "${name}" twice`, resultKey, "with ... behind the value, all values of one name are put in a list");
    made.set(name, [...(values ?? []), evaluate(result, inner)]);
  }
  return object([...made].map(([name, values]) => [name, node.group ? tuple(values) : (values[0] as Value)] as const));
}
