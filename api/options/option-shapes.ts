import { badShape, noSuchOption } from "./errors.js";
import { is } from "valibot";
import type { Attribute, Attributes } from "../../core/attributes.js";
import { suggest } from "../../core/text/suggest.js";
import { cacheAttributes, cacheTypes } from "./cache-types.js";
import type { BuildOptions } from "./options.js";
import { OUTPUT_TYPES, type OutputType } from "./output-types.js";
import { hasMethod, recognized, type Shape, SHAPES } from "./shapes.js";
import { BUILD_OPTIONS } from "./table.js";

const OUTPUT_NAMES = OUTPUT_TYPES.map(({ type }) => type);
const WRITABLE = recognized("a path or a Writable", (value) => typeof value === "string" || hasMethod(value, "write"));

/**
 * Throws `options/unknown` for a name that no option has, and `options/invalid` for the first value
 * that contradicts the types.
 */
export function checkOptionShapes(options: BuildOptions): void {
  const unknown = Object.keys(options).find((key) => !Object.hasOwn(BUILD_OPTIONS, key));
  if (unknown !== undefined) throw noSuchOption(unknown, suggest(unknown, Object.keys(BUILD_OPTIONS)));
  for (const [name, row] of Object.entries(BUILD_OPTIONS)) {
    const value: unknown = options[name as keyof BuildOptions];
    const shape: Shape = SHAPES[row.shape];
    if (value !== undefined && !is(shape.schema, value)) throw badShape(`option "${name}"`, shape.words, value);
  }
  const { outputs = [], cacheFrom = [], cacheTo = [] } = options;
  for (const output of outputs) {
    const found: OutputType | undefined = OUTPUT_TYPES.find(({ type }) => type === output.type);
    checkAttributes("an output", output, found?.attributes, OUTPUT_NAMES);
  }
  for (const cache of cacheFrom) checkAttributes("a cache", cache, cacheAttributes(cache.type, "from"), cacheTypes("from"));
  for (const cache of cacheTo) checkAttributes("a cache", cache, cacheAttributes(cache.type, "to"), cacheTypes("to"));
}

/**
 * Throws `options/invalid` for the first member that is not what the attributes of its type say.
 */
function checkAttributes(
  what: string,
  { type, ...values }: Readonly<Record<string, unknown>> & { readonly type: string },
  table: Attributes | undefined,
  types: readonly string[],
): void {
  if (table === undefined) throw badShape(`type of ${what}`, `one of ${types.join(", ")}`, type);
  for (const [name, attribute] of Object.entries(table)) {
    const shape = attributeShape(attribute, values);
    const value = values[name];
    if ((value !== undefined || attribute.required) && !is(shape.schema, value))
      throw badShape(`${name} of ${what} of type ${type}`, shape.words, value);
  }
}

/** Returns the shape of an attribute; `values` are those beside it. */
function attributeShape({ form, choices = [], all, directoryWithout }: Attribute, values: Readonly<Record<string, unknown>>): Shape {
  switch (form) {
    case "flag":
      return SHAPES.flag;
    case "number":
    case "duration":
      return SHAPES.number;
    case "choice":
      return recognized(`one of ${choices.join(", ")}`, (value) => (choices as readonly unknown[]).includes(value));
    case "list":
      return all === undefined
        ? SHAPES.texts
        : recognized(`${SHAPES.texts.words}, or ${all}`, (value) => value === all || is(SHAPES.texts.schema, value));
    case "annotations":
      return SHAPES.textMap;
    case "file":
      return directoryWithout !== undefined && values[directoryWithout] === false ? SHAPES.text : WRITABLE;
    default:
      return SHAPES.text;
  }
}
