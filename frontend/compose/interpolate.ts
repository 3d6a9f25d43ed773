import { type Place, mapScalars, type Tree } from "./tree.js";
import { badTemplate, deepTemplate, missingVariable } from "./errors.js";

/** Values of variables while a text is read. */
export interface Variables {
  /** Returns a value; undefined when the variable is not set. */
  lookup(name: string): string | undefined;
  /** Is called for a variable that is not set and has no default. */
  unset?(name: string, place: Place): void;
}

/** Returns a tree with the variables of its texts replaced; names of attributes stay. */
export function interpolateTree(tree: Tree, variables: Variables): Tree {
  return mapScalars(tree, (scalar) =>
    typeof scalar.value === "string" && scalar.value.includes("$")
      ? { ...scalar, value: interpolate(scalar.value, variables, scalar) }
      : scalar,
  );
}

const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const OPERATOR = /:?[-+?]/y;

/**
 * Replaces `$NAME`, `${NAME}` and `${NAME:-default}` and the like. `$$` is a dollar sign; one
 * before anything else stays. Throws `compose/interpolation`.
 */
export function interpolate(text: string, variables: Variables, place: Place): string {
  return replaced(text, variables, place, 0);
}

/** Levels of defaults in defaults: more than anybody writes, and few enough for the stack. */
const DEEPEST = 100;

function replaced(text: string, variables: Variables, place: Place, depth: number): string {
  if (depth > DEEPEST) throw deepTemplate(DEEPEST, place);
  let result = "";
  let at = 0;
  for (;;) {
    const dollar = text.indexOf("$", at);
    if (dollar < 0) return result + text.slice(at);
    result += text.slice(at, dollar);
    const next = text[dollar + 1];
    const name = matchAt(NAME, text, dollar + 1);
    if (next === "$") {
      result += "$";
      at = dollar + 2;
    } else if (name !== undefined) {
      result += valueOf(name, variables, place);
      at = dollar + 1 + name.length;
    } else if (next === "{") {
      const end = closingBrace(text, dollar + 1);
      if (end < 0) throw badTemplate(text, place);
      result += expand(text.slice(dollar + 2, end), variables, place, depth);
      at = end + 1;
    } else {
      result += "$";
      at = dollar + 1;
    }
  }
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}

/** Returns the index of the brace that closes the one at `open`; -1 when there is none. */
function closingBrace(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "{") depth++;
    else if (text[i] === "}" && --depth === 0) return i;
  }
  return -1;
}

function valueOf(name: string, variables: Variables, place: Place): string {
  const value = variables.lookup(name);
  if (value === undefined) variables.unset?.(name, place);
  return value ?? "";
}

/** Returns what stands for the text between braces. */
function expand(inner: string, variables: Variables, place: Place, depth: number): string {
  const name = matchAt(NAME, inner, 0);
  if (name === undefined) throw badTemplate(`\${${inner}}`, place);
  if (name.length === inner.length) return valueOf(name, variables, place);
  const operator = matchAt(OPERATOR, inner, name.length);
  if (operator === undefined) throw badTemplate(`\${${inner}}`, place);
  const word = (): string => replaced(inner.slice(name.length + operator.length), variables, place, depth + 1);
  const value = variables.lookup(name);
  const given = value !== undefined && !(operator.startsWith(":") && value === "");
  if (operator.endsWith("+")) return given ? word() : (value ?? "");
  if (given) return value;
  if (operator.endsWith("?")) throw missingVariable(name, word(), place);
  return word();
}
