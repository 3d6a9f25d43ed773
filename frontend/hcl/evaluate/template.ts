import type { Expression, TemplatePart } from "../ast.js";
import { badExpression } from "../errors.js";
import { toText, truth } from "../values/convert.js";
import type { Value } from "../values/value.js";
import { at } from "./at.js";
import { loop } from "./for.js";
import type { Scope } from "./scope.js";

/** Returns the text of a template. */
export function evaluateTemplate(
  parts: readonly TemplatePart[],
  scope: Scope,
  evaluate: (expression: Expression, scope: Scope) => Value,
): string {
  const text = (inner: readonly TemplatePart[], innerScope: Scope): string => evaluateTemplate(inner, innerScope, evaluate);
  return parts
    .map((part) => {
      if (part.kind === "text") return part.text;
      if (part.kind === "interpolation") return interpolated(part.value, evaluate(part.value, scope));
      if (part.kind === "if") return text(at(part.test, () => truth(evaluate(part.test, scope))) ? part.yes : part.no, scope);
      return [...loop(part, evaluate(part.over, scope), scope, part.over)].map((inner) => text(part.body, inner)).join("");
    })
    .join("");
}

function interpolated(expression: Expression, value: Value): string {
  if (value.data === null) throw badExpression("Cannot put null into a text", expression);
  return at(expression, () => toText(value));
}
