import type { Attribute, Block, Body, Expression, Place } from "../hcl/ast.js";
import { evaluate } from "../hcl/evaluate/evaluate.js";
import { type HclFunction, type Lazy, type Parameter, type Scope, withVariables } from "../hcl/evaluate/scope.js";
import { at } from "../hcl/evaluate/at.js";
import { typeOf } from "../hcl/functions/types.js";
import { standardFunctions } from "../hcl/functions/table.js";
import { convert, MismatchError, truth } from "../hcl/values/convert.js";
import { DYNAMIC, nameOfType, type Type } from "../hcl/values/type.js";
import { nullOf, string, textOf, tuple, type Value } from "../hcl/values/value.js";
import type { BakeVariable, BakeWorld } from "./definition.js";
import { badBlock, badValue, cycle, failedValidation } from "./errors.js";
import { givenValue, shownValue } from "./variables.js";

/** A variable's declaration. */
interface Declaration {
  readonly block: Block;
  /** Type that is declared; undefined without one. */
  readonly type: Type | undefined;
  readonly fallback: Expression | undefined;
}

/** Suffix of a variable of the environment that gives a value as JSON. */
const JSON_SUFFIX = "_JSON";

/**
 * The global names of the files: variables, attributes, functions. A name gets its value when it is
 * needed first.
 */
export class Names implements Scope {
  readonly #world: BakeWorld;
  readonly #declared = new Map<string, Declaration>();
  readonly #attributes = new Map<string, Attribute>();
  readonly #functionBlocks = new Map<string, Block>();
  readonly #standard: ReadonlyMap<string, HclFunction>;
  readonly #values = new Map<string, Value>();
  readonly #functions = new Map<string, HclFunction>();
  /** Names whose values are being made, with the kind of each. */
  readonly #open: string[] = [];
  readonly #blocks: ReadonlyMap<string, Lazy>;

  constructor({
    bodies,
    world,
    blocks,
  }: { readonly bodies: readonly Body[]; readonly world: BakeWorld; readonly blocks: ReadonlyMap<string, Lazy> }) {
    this.#world = world;
    this.#blocks = blocks;
    this.#standard = standardFunctions(world);
    for (const { attributes, blocks: found } of bodies) {
      for (const attribute of attributes) this.#attributes.set(attribute.name, attribute);
      for (const block of found) {
        if (block.type === "variable") this.#declared.set(nameOf(block), declaration(block));
        else if (block.type === "function") this.#functionBlocks.set(nameOf(block), block);
      }
    }
  }

  variable(name: string): Value | Lazy | undefined {
    const blocks = this.#blocks.get(name);
    if (blocks) return blocks;
    const known = this.#values.get(name);
    if (known) return known;
    const value = this.#made(name);
    if (value) this.#values.set(name, value);
    return value;
  }

  function(name: string): HclFunction | undefined {
    const known = this.#standard.get(name) ?? this.#functions.get(name);
    const block = this.#functionBlocks.get(name);
    if (known || !block) return known;
    const made = this.#userFunction(name, block);
    this.#functions.set(name, made);
    return made;
  }

  names(): Iterable<string> {
    return [...this.#declared.keys(), ...this.#attributes.keys(), ...Object.keys(this.#world.builtins)];
  }

  functionNames(): Iterable<string> {
    return [...this.#standard.keys(), ...this.#functionBlocks.keys()];
  }

  /** Evaluates the variables and functions that are declared, used or not, and tests variables. */
  checkDeclared(): void {
    for (const name of this.#declared.keys()) this.variable(name);
    for (const [name, { block }] of this.#declared) this.#validate(name, block);
    for (const name of this.#functionBlocks.keys()) this.function(name);
  }

  /** Evaluates the attributes beside the blocks. The attributes may refer to targets. */
  checkAttributes(): void {
    for (const name of this.#attributes.keys()) this.variable(name);
  }

  /** Returns the variables for a list, by name. */
  variables(): readonly BakeVariable[] {
    return [...this.#declared]
      .map(([name, { block, type }]) => ({
        name,
        description: this.#text(block, "description"),
        type: type && nameOfType(type),
        value: shownValue(this.variable(name) as Value),
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #made(name: string): Value | undefined {
    const builtin = Object.hasOwn(this.#world.builtins, name) ? this.#world.builtins[name] : undefined;
    if (builtin !== undefined) return string(builtin);
    const attribute = this.#attributes.get(name);
    const declared = this.#declared.get(name);
    const place = attribute ?? declared?.block;
    if (!place) return undefined;
    return this.#guarded("variable", name, place, () => {
      const type = attribute ? undefined : declared?.type;
      const expression = attribute ? attribute.expression : declared?.fallback;
      const fallback = expression && at(expression, () => convert(evaluate(expression, this), type ?? DYNAMIC));
      const given = declared && this.#given(name, type !== undefined);
      if (given) return named(`the value "${given.text}" of the variable "${name}"`, place, () => givenValue(given, type, fallback));
      return fallback ?? (type ? nullOf(type) : string(""));
    });
  }

  /**
   * Returns the value that is given from outside. For a variable with a declared type, the JSON
   * value wins.
   */
  #given(name: string, typed: boolean): { readonly text: string; readonly json: boolean } | undefined {
    const plain = this.#world.lookup(name);
    const jsonName = `${name}${JSON_SUFFIX}`;
    const free = !this.#declared.has(jsonName) && !Object.hasOwn(this.#world.builtins, jsonName);
    const json = (plain === undefined || typed) && free ? this.#world.lookup(jsonName) : undefined;
    if (json !== undefined) return { text: json, json: true };
    return plain === undefined ? undefined : { text: plain, json: false };
  }

  #validate(name: string, { body }: Block): void {
    for (const rule of body.blocks.filter(({ type }) => type === "validation")) {
      const condition = attributeOf(rule.body, "condition")?.expression;
      const message = attributeOf(rule.body, "error_message")?.expression;
      if (!condition || !message) throw badBlock(`Cannot test "${name}": a validation needs condition and error_message`, rule);
      if (at(condition, () => truth(evaluate(condition, this)))) continue;
      const text = evaluate(message, this);
      throw failedValidation(
        name,
        text.data === null ? "the condition is false" : at(message, () => textOf(convert(text, string("").type))),
        condition,
      );
    }
  }

  #text({ body }: Block, name: string): string | undefined {
    const expression = attributeOf(body, name)?.expression;
    const value = expression && evaluate(expression, this);
    return value && value.data !== null ? at(expression, () => textOf(convert(value, string("").type))) : undefined;
  }

  /** Returns a function of the files. Its result sees its parameters and the global names. */
  #userFunction(name: string, block: Block): HclFunction {
    const part = (attribute: string) => attributeOf(block.body, attribute)?.expression;
    const params = part("params");
    const result = part("result");
    const rest = part("variadic_params");
    if (!params || !result) throw badBlock(`Cannot define the function "${name}": it needs params and result`, block);
    if (params.kind !== "tuple") throw badBlock(`Cannot define the function "${name}": params is a list of names`, params);
    const names = params.items.map((item) => parameterName(name, item));
    const restName = rest && parameterName(name, rest);
    const anything = (parameter: string): Parameter => ({ name: parameter, type: DYNAMIC });
    return {
      parameters: names.map(anything),
      ...(restName === undefined ? {} : { rest: anything(restName) }),
      call: (args) =>
        this.#guarded("function", name, block, () => {
          const bound = names.map((parameter, i) => [parameter, args[i] as Value] as const);
          const more = restName === undefined ? [] : [[restName, tuple(args.slice(names.length))] as const];
          return evaluate(result, withVariables(this, new Map([...bound, ...more])));
        }),
    };
  }

  #guarded<T>(kind: string, name: string, place: Place, work: () => T): T {
    if (this.#open.includes(name)) throw cycle(kind, [...this.#open.slice(this.#open.indexOf(name)), name], place);
    this.#open.push(name);
    try {
      return work();
    } finally {
      this.#open.pop();
    }
  }
}

function declaration(block: Block): Declaration {
  const type = attributeOf(block.body, "type")?.expression;
  const isNull = type?.kind === "literal" && type.value.data === null;
  return { block, type: type && !isNull ? typeOf(typeText(type)) : undefined, fallback: attributeOf(block.body, "default")?.expression };
}

/** Returns the expression of a type. JSON has it as a text. */
function typeText(expression: Expression): Expression {
  return expression.kind === "literal" && expression.value.type.kind === "string"
    ? { ...expression, kind: "variable", name: textOf(expression.value) }
    : expression;
}

function parameterName(name: string, expression: Expression): string {
  if (expression.kind === "variable") return expression.name;
  if (expression.kind === "literal" && expression.value.type.kind === "string") return textOf(expression.value);
  throw badBlock(`Cannot define the function "${name}": a parameter is a name`, expression);
}

/** Returns the one label of a block. */
export function nameOf(block: Block): string {
  const [label, ...more] = block.labels;
  if (!label || more.length > 0)
    throw badBlock(`Cannot read this ${block.type}: it needs one name`, block, `write ${block.type} "name" { ... }`);
  return label.text;
}

export function attributeOf(body: Body, name: string): Attribute | undefined {
  return body.attributes.find((attribute) => attribute.name === name);
}

function named<T>(what: string, place: Place, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof MismatchError ? badValue(what, error.message, place) : error;
  }
}
