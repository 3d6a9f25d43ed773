import type { DiagnosticsError } from "../../../core/errors.js";
import type { Expression, ExpressionOf, Place } from "../ast.js";
import { badExpression, unknownFunction } from "../errors.js";
import { convert, MismatchError } from "../values/convert.js";
import { isSequence } from "../values/type.js";
import { members, type Value } from "../values/value.js";
import { CallError, type EagerFunction, type Parameter, type Scope } from "./scope.js";

/** Returns the result of a call. Problems stand at the argument, or at the call. */
export function callFunction(call: ExpressionOf<"call">, scope: Scope, value: (inner: Expression) => Value): Value {
  const { name, args } = call;
  const found = scope.function(name);
  if (!found) throw unknownFunction(name, scope.functionNames(), call);
  if ("evaluate" in found) return atCall(call, () => found.evaluate(args, value));
  const given = args.map((expression) => ({ value: value(expression), place: expression as Place }));
  if (call.expand) given.push(...expanded(given.pop()));
  const values = given.map((argument, i) => atArgument(name, argument, parameterOf(found, i, given.length, call)));
  if (values.length < found.parameters.length) throw tooFew(found, values.length, call);
  return atCall(call, () => found.call(values));
}

interface Argument {
  readonly value: Value;
  readonly place: Place;
}

function expanded(last: Argument | undefined): Argument[] {
  if (!last) return [];
  if (last.value.data === null || !isSequence(last.value.type))
    throw badExpression("Cannot pass this on with ...: a list is needed", last.place);
  return members(last.value).map((item) => ({ value: item, place: last.place }));
}

function parameterOf({ parameters, rest }: EagerFunction, index: number, given: number, call: ExpressionOf<"call">): Parameter {
  const parameter = parameters[index] ?? rest;
  if (!parameter) throw badExpression(`Cannot call ${call.name}() with ${given} arguments: it takes ${parameters.length}`, call);
  return parameter;
}

function tooFew({ parameters, rest }: EagerFunction, given: number, call: ExpressionOf<"call">): DiagnosticsError {
  const names = [...parameters.map(({ name }) => name), ...(rest ? [`${rest.name}...`] : [])].join(", ");
  return badExpression(`Cannot call ${call.name}() with ${given} arguments: it needs ${call.name}(${names})`, call);
}

function atArgument(name: string, { value, place }: Argument, parameter: Parameter): Value {
  if (value.data === null && !parameter.nullable) throw badExpression(`Cannot call ${name}(): "${parameter.name}" must not be null`, place);
  try {
    return convert(value, parameter.type);
  } catch (error) {
    if (!(error instanceof MismatchError)) throw error;
    throw badExpression(`Cannot call ${name}(): for "${parameter.name}" ${error.message}`, place);
  }
}

function atCall(call: ExpressionOf<"call">, work: () => Value): Value {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof MismatchError)) throw error;
    const place = error instanceof CallError && error.argument !== undefined ? call.args[error.argument] : undefined;
    throw badExpression(`Cannot call ${call.name}(): ${error.message}`, place ?? call);
  }
}
