import type { Attribute, Block, Expression, Place } from "../hcl/ast.js";
import { at } from "../hcl/evaluate/at.js";
import { evaluate } from "../hcl/evaluate/evaluate.js";
import { type Lazy, type Scope, withVariables } from "../hcl/evaluate/scope.js";
import { badExpression } from "../hcl/errors.js";
import { convert, MismatchError } from "../hcl/values/convert.js";
import { isKeyed, isSequence, STRING } from "../hcl/values/type.js";
import { entries, members, object, string, textOf, type Value } from "../hcl/values/value.js";
import { EntryError } from "./entries.js";
import { badBlock, badValue, cycle } from "./errors.js";
import { FIELDS, type FieldName, fieldOf, isField, type TargetFields } from "./fields.js";
import { attributeOf, nameOf } from "./names.js";

const NAME = /^[a-zA-Z0-9_-]+$/;

/** Attributes of a target's block that are no attributes of the target. */
const SHAPING: ReadonlySet<string> = new Set(["name", "matrix"]);

/** A block of a target or group, for one combination of its matrix. */
export class BlockInstance {
  readonly block: Block;
  readonly name: string;
  readonly #scope: Scope;
  readonly #read = new Map<FieldName, unknown>();
  readonly #open = new Set<FieldName>();

  constructor({ block, name, scope }: { readonly block: Block; readonly name: string; readonly scope: Scope }) {
    this.block = block;
    this.name = name;
    this.#scope = scope;
  }

  /** Returns the attributes that the block gives. */
  fields(): TargetFields {
    const names = this.block.body.attributes.map(({ name }) => name).filter(isField);
    return Object.fromEntries(names.map((name) => [name, this.#field(name)]).filter(([, value]) => value !== undefined));
  }

  /** Returns the attributes of the block that a target does not have. */
  unknown(): readonly Attribute[] {
    return this.block.body.attributes.filter(({ name }) => !isField(name) && !SHAPING.has(name));
  }

  /** Returns the value that expressions see as `target.NAME.FIELD`. */
  value(name: FieldName): Value {
    return fieldOf(name).value(this.#field(name));
  }

  #field(name: FieldName): unknown {
    if (this.#read.has(name)) return this.#read.get(name);
    const attribute = attributeOf(this.block.body, name);
    if (!attribute) return undefined;
    const path = `${this.block.type}.${this.name}.${name}`;
    if (this.#open.has(name)) throw cycle("attribute", [path, path], attribute);
    this.#open.add(name);
    try {
      const field = this.#decoded(name, attribute);
      this.#read.set(name, field);
      return field;
    } finally {
      this.#open.delete(name);
    }
  }

  #decoded(name: FieldName, { expression }: Attribute): unknown {
    const value = evaluate(expression, this.#scope);
    if (value.data === null) return undefined;
    try {
      return fieldOf(name).read(value);
    } catch (error) {
      if (!(error instanceof MismatchError || error instanceof EntryError)) throw error;
      throw badValue(`"${name}" of the ${this.block.type} "${this.name}"`, error.message, partOf(expression, error.path));
    }
  }
}

/** Returns the part of an expression that a path leads to, as far as it does. */
function partOf(expression: Expression, path: readonly (number | string)[]): Place {
  const [step, ...rest] = path;
  if (step === undefined) return expression;
  switch (expression.kind) {
    case "parens":
    case "wrap":
      return partOf(expression.inner, path);
    case "tuple": {
      const item = expression.items[Number(step)];
      return item ? partOf(item, rest) : expression;
    }
    case "object": {
      const item = expression.items.find(({ key }) => key.source.text.slice(key.range.start, key.range.end).replaceAll('"', "") === step);
      return item ? partOf(item.value, rest) : expression;
    }
    default:
      return expression;
  }
}

/** Returns a block for each combination of its matrix; without one, the block itself. */
export function instancesOf(block: Block, scope: Scope): readonly BlockInstance[] {
  const label = nameOf(block);
  if (!NAME.test(label)) throw badName(label, block.labels[0] ?? block);
  const matrix = attributeOf(block.body, "matrix");
  const name = attributeOf(block.body, "name");
  if (block.type === "group" && (matrix ?? name))
    throw badBlock("Cannot read this group: only targets have a matrix and a name", matrix ?? name ?? block);
  if (!matrix) {
    if (name) throw badBlock(`Cannot name the target "${label}": name needs a matrix`, name);
    return [new BlockInstance({ block, name: label, scope })];
  }
  const made = combinations(matrix, scope).map((variables) => {
    const inner = withVariables(scope, variables);
    return new BlockInstance({ block, scope: inner, name: name ? instanceName(name, inner) : label });
  });
  const names = new Set<string>();
  for (const instance of made) {
    if (names.has(instance.name))
      throw badBlock(
        `Cannot make two targets "${instance.name}" of a matrix`,
        name ?? matrix,
        "give each a name with the variables of the matrix",
      );
    names.add(instance.name);
  }
  return made;
}

function instanceName({ expression }: Attribute, scope: Scope): string {
  const value = evaluate(expression, scope);
  if (value.data === null) throw badExpression("Cannot use null as a name", expression);
  const name = at(expression, () => textOf(convert(value, STRING)));
  if (!NAME.test(name)) throw badName(name, expression);
  return name;
}

function badName(name: string, place: Place): Error {
  return badBlock(`Cannot use "${name}" as a name: names have letters, digits, - and _`, place, 'sanitize("...") makes a name of any text');
}

/** Returns the variables of each combination, the first name's values changing fastest. */
function combinations({ expression }: Attribute, scope: Scope): readonly ReadonlyMap<string, Value>[] {
  const matrix = evaluate(expression, scope);
  if (matrix.data === null || !isKeyed(matrix.type)) throw badExpression("Cannot read the matrix: it is an object of lists", expression);
  let rows: (readonly (readonly [string, Value])[])[] = [[]];
  for (const [name, values] of entries(matrix)) {
    if (values.data === null || !isSequence(values.type))
      throw badExpression(`Cannot read "${name}" of the matrix: it is a list`, expression);
    rows = members(values).flatMap((value) => rows.map((row) => [...row, [name, value] as const]));
  }
  return rows.map((row) => new Map(row));
}

/** Returns the blocks of one type as the variable of its name: `target.app.tags`. */
export function lazyBlocks(type: string, instances: () => readonly BlockInstance[]): Lazy {
  return {
    lazy: true,
    member: (name, place) => {
      const instance = instances().findLast((one) => one.name === name);
      if (!instance) throw badExpression(`Cannot find the ${type} "${name}"`, place);
      return lazyFields(instance);
    },
    whole: (place) => {
      throw badExpression(`Cannot use "${type}" as a value: name one of them, such as ${type}.app.tags`, place);
    },
  };
}

function lazyFields(instance: BlockInstance): Lazy {
  return {
    lazy: true,
    member: (name, place) => {
      if (name === "name") return string(instance.name);
      if (!isField(name)) throw badExpression(`Cannot read "${name}": a target has no such attribute`, place);
      return instance.value(name);
    },
    whole: () =>
      object([["name", string(instance.name)], ...Object.keys(FIELDS).map((name) => [name, instance.value(name as FieldName)] as const)]),
  };
}
