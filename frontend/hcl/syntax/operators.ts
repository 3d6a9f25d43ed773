import type { BinaryOperator, Expression, Place } from "../ast.js";

const PRECEDENCE: Readonly<Record<BinaryOperator, number>> = {
  "||": 1,
  "&&": 2,
  "==": 3,
  "!=": 3,
  "<": 4,
  "<=": 4,
  ">": 4,
  ">=": 4,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "%": 6,
};

/** Joins operands by the precedence of the operators between them; equal ones from the left. */
export function joinOperands(
  operands: readonly Expression[],
  operators: readonly BinaryOperator[],
  between: (from: Place, to: Place) => Place,
): Expression {
  const values = [operands[0] as Expression];
  const open: BinaryOperator[] = [];
  const reduce = () => {
    const right = values.pop() as Expression;
    const left = values.pop() as Expression;
    values.push({ kind: "binary", operator: open.pop() as BinaryOperator, left, right, ...between(left, right) });
  };
  operators.forEach((operator, i) => {
    while (open.length > 0 && PRECEDENCE[open.at(-1) as BinaryOperator] >= PRECEDENCE[operator]) reduce();
    open.push(operator);
    values.push(operands[i + 1] as Expression);
  });
  while (open.length > 0) reduce();
  return values[0] as Expression;
}

/** One step behind a value: `.name`, `[key]`, `.*`, `[*]`. */
export type Step = { readonly end: Place } & (
  | { readonly kind: "attribute"; readonly name: string }
  | { readonly kind: "index"; readonly key: Expression }
  | { readonly kind: "attributeSplat" | "fullSplat" }
);

/** Applies steps to a value. A `[*]` takes all that follows to each item, a `.*` only the names. */
export function joinSteps(base: Expression, steps: readonly Step[], between: (from: Place, to: Place) => Place): Expression {
  let value = base;
  for (let i = 0; i < steps.length; i++) {
    const step = steps[i] as Step;
    const place = between(base, step.end);
    if (step.kind === "attribute") value = { kind: "attribute", of: value, name: step.name, ...place };
    else if (step.kind === "index") value = { kind: "index", of: value, key: step.key, ...place };
    else {
      const rest = steps.slice(i + 1);
      const names = rest.findIndex((other) => other.kind !== "attribute");
      const taken = step.kind === "fullSplat" ? rest : rest.slice(0, names === -1 ? rest.length : names);
      const each = joinSteps({ kind: "splatItem", ...step.end }, taken, between);
      value = { kind: "splat", of: value, each, ...between(base, taken.at(-1)?.end ?? step.end) };
      i += taken.length;
    }
  }
  return value;
}
