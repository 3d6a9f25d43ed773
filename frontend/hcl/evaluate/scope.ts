import { MismatchError } from "../values/convert.js";
import type { Type } from "../values/type.js";
import type { Value } from "../values/value.js";
import type { Expression, Place } from "../ast.js";

/** Names that an expression can refer to. Values are made when they are asked for. */
export interface Scope {
  /** Returns undefined for a name that does not exist. */
  variable(name: string): Value | Lazy | undefined;
  function(name: string): HclFunction | undefined;
  /** Returns the names for suggestions. */
  names(): Iterable<string>;
  functionNames(): Iterable<string>;
}

/** A value whose members are made one by one, such as all targets of a file. */
export interface Lazy {
  readonly lazy: true;
  /** Throws a problem at `place` when there is no such member. */
  member(name: string, place: Place): Value | Lazy;
  /** Returns the whole as a value; `place` is that of the expression. */
  whole(place: Place): Value;
}

export interface Parameter {
  readonly name: string;
  readonly type: Type;
  /** True when null is a value like others. */
  readonly nullable?: boolean;
}

/** A function of expressions. */
export type HclFunction = EagerFunction | LazyFunction;

export interface EagerFunction {
  readonly parameters: readonly Parameter[];
  /** Parameter of all further arguments. */
  readonly rest?: Parameter;
  /** Gets arguments of the types that the parameters name. Throws {@link CallError}. */
  call(args: readonly Value[]): Value;
}

/** A function that evaluates its arguments itself. */
export interface LazyFunction {
  evaluate(args: readonly Expression[], value: (expression: Expression) => Value): Value;
}

/** Fault of a call: of the argument with this index, or of the call as a whole. */
export class CallError extends MismatchError {
  readonly argument: number | undefined;

  constructor(message: string, argument?: number) {
    super(message);
    this.argument = argument;
  }
}

/** Returns a scope with more variables. */
export function withVariables(outer: Scope, variables: ReadonlyMap<string, Value>): Scope {
  return {
    variable: (name) => variables.get(name) ?? outer.variable(name),
    function: (name) => outer.function(name),
    names: () => [...variables.keys(), ...outer.names()],
    functionNames: () => outer.functionNames(),
  };
}
