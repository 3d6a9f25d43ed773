import type { Writable } from "node:stream";
import type { Attribute, Attributes } from "../../core/attributes.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import { parseMilliseconds } from "../../core/go-values/duration.js";

/** Names and values of one line, in its order. */
export type AttributeTexts = ReadonlyMap<string, string>;

/** Rules of the flag that a line belongs to. */
export interface AttributeRules {
  /** Returns a path as the process can open it. */
  readonly path: (path: string) => string;
  /**
   * Returns the stream that a file named "-" or not at all stands for. Without it each name is a
   * path.
   */
  readonly stream?: () => Writable;
  /**
   * True takes a flag with an empty value for true, and a text for absent, as BuildKit does for
   * outputs.
   */
  readonly emptyValues?: boolean;
  /**
   * Makes the error of a value that cannot be read; of one that is missing, when it is undefined.
   */
  readonly refuse: (key: string, value: string | undefined, attribute: Attribute) => Error;
}

/** Returns the name of an attribute on the command line. */
export function keyOf(name: string, { key = name }: Attribute): string {
  return key;
}

/** Returns the names that a type takes, in the order of its table. */
export function keysOf(table: Attributes): readonly string[] {
  return Object.entries(table)
    .filter(([, { form }]) => form !== "annotations")
    .map(([name, attribute]) => keyOf(name, attribute));
}

/** Reads a line by a table of attributes. Returns options with the names of the library. */
export function readAttributes(table: Attributes, given: AttributeTexts, rules: AttributeRules): Readonly<Record<string, unknown>> {
  const options: Record<string, unknown> = {};
  const values = new Map<string, unknown>();
  const entries = Object.entries(table);
  // Files come last, because a flag decides whether they are directories.
  for (const [name, attribute] of [
    ...entries.filter(([, { form }]) => form !== "file"),
    ...entries.filter(([, { form }]) => form === "file"),
  ]) {
    const key = keyOf(name, attribute);
    const text = given.get(key);
    const isFile = attribute.form === "file";
    if (attribute.required && !text && !isFile) throw rules.refuse(key, undefined, attribute);
    if (!isFile && (text === undefined || (text === "" && attribute.form === "text" && rules.emptyValues))) continue;
    const value = isFile
      ? readFile(key, text, attribute, { rules, directory: values.get(attribute.directoryWithout ?? "") === false })
      : readValue(key, text as string, attribute, rules);
    values.set(name, value);
    if (!attribute.idle) options[name] = value;
  }
  return options;
}

function readFile(
  key: string,
  text: string | undefined,
  attribute: Attribute,
  { rules, directory }: { readonly rules: AttributeRules; readonly directory: boolean },
): string | Writable {
  if (text && text !== "-") return rules.path(text);
  if (directory || rules.stream === undefined) throw rules.refuse(key, text, attribute);
  return rules.stream();
}

function readValue(key: string, text: string, attribute: Attribute, rules: AttributeRules): unknown {
  const refuse = (): never => {
    throw rules.refuse(key, text, attribute);
  };
  switch (attribute.form) {
    case "flag":
      return (rules.emptyValues && text === "") || (parseBoolean(text) ?? refuse());
    case "number":
      return /^\d+$/.test(text) ? Number(text) : refuse();
    case "duration":
      return parseMilliseconds(text) ?? refuse();
    case "choice":
      return attribute.choices?.find((choice) => String(choice) === text) ?? refuse();
    case "list":
      return text === attribute.all ? text : text.split(attribute.separator ?? ",").filter(Boolean);
    case "path":
      return rules.path(text);
    case "directory":
      return text === "-" && rules.stream ? refuse() : rules.path(text);
    default:
      return text;
  }
}
