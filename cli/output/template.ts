import { badTemplate } from "./errors.js";
import { jsonText } from "./json.js";
import type { UsageError } from "../exit-codes.js";

/**
 * The part of Go's templates that people use in `--format`: fields (`{{.A.B}}`), `json`, `index`,
 * `join`, `split`, `upper`, `lower`, `title`, `len`, `println`, `print`, comparisons, `if`/`else`,
 * `range`, `with`, pipes, comments and trim marks.
 */
type Template = (data: unknown) => string;

type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly pipe: Pipe }
  | {
      readonly kind: "if" | "range" | "with";
      readonly pipe: Pipe;
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };
type Pipe = readonly (readonly Operand[])[];
type Operand =
  | { readonly kind: "field"; readonly path: readonly string[]; readonly root: boolean }
  | { readonly kind: "literal"; readonly value: string | number | boolean }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "pipe"; readonly pipe: Pipe };
type Scope = { readonly dot: unknown; readonly root: unknown };

/** Compiles a template. Throws a {@link UsageError} that names the part it cannot read. */
export function compileTemplate(source: string): Template {
  const parser = new Parser(source);
  const nodes = parser.parse();
  return (data) => render(nodes, { dot: data, root: data });
}

/** Returns the text after `table ` with the escapes of tabs and line ends resolved. */
export function unescapeFormat(format: string): string {
  return format.replaceAll("\\t", "\t").replaceAll("\\n", "\n");
}

/** Levels of nesting: more than anybody writes, and few enough for the stack. */
const DEEPEST = 200;

class Parser {
  readonly #source: string;
  readonly #parts: readonly (readonly ["text" | "action", string])[];
  #at = 0;
  #depth = 0;

  constructor(source: string) {
    this.#source = source;
    this.#parts = [...this.#split()];
  }

  parse(): readonly Node[] {
    const { nodes, end } = this.#block();
    if (end !== undefined) throw this.#error(`unexpected {{${end}}}`);
    return nodes;
  }

  #block(): { readonly nodes: readonly Node[]; readonly end: string | undefined } {
    const nodes: Node[] = [];
    for (;;) {
      const part = this.#parts[this.#at++];
      if (!part) return { nodes, end: undefined };
      const [kind, text] = part;
      if (kind === "text") {
        if (text) nodes.push({ kind, text });
        continue;
      }
      if (text.startsWith("/*")) continue;
      if (text === "end" || text === "else" || text.startsWith("else if ")) return { nodes, end: text };
      const control = /^(if|range|with)\s+(.*)$/s.exec(text);
      if (control) nodes.push(this.#control(control[1] as "if" | "range" | "with", control[2] as string));
      else nodes.push({ kind: "value", pipe: this.#pipe(text) });
    }
  }

  #control(kind: "if" | "range" | "with", condition: string): Node {
    return this.#nested(() => {
      const pipe = this.#pipe(condition);
      const { nodes: body, end } = this.#block();
      if (end === "end") return { kind, pipe, body, otherwise: [] };
      if (end === undefined) throw this.#error(`{{${kind}}} without {{end}}`);
      if (end.startsWith("else if ")) return { kind, pipe, body, otherwise: [this.#control("if", end.slice("else if ".length))] };
      const { nodes: otherwise, end: close } = this.#block();
      if (close !== "end") throw this.#error(`{{${kind}}} without {{end}}`);
      return { kind, pipe, body, otherwise };
    });
  }

  #nested<T>(parse: () => T): T {
    if (++this.#depth > DEEPEST) throw this.#error(`actions are nested more than ${DEEPEST} deep`);
    const result = parse();
    this.#depth--;
    return result;
  }

  #pipe(text: string): Pipe {
    const tokens = this.#tokens(text);
    let at = 0;
    const pipe = (): Pipe => {
      const commands: Operand[][] = [[]];
      for (; at < tokens.length && tokens[at] !== ")"; at++) {
        const token = tokens[at] as string;
        if (token === "|") commands.push([]);
        else if (token === "(") {
          at++;
          commands.at(-1)?.push({ kind: "pipe", pipe: this.#nested(pipe) });
          if (tokens[at] !== ")") throw this.#error("a parenthesis is not closed");
        } else commands.at(-1)?.push(this.#operand(token));
      }
      if (commands.some((command) => command.length === 0)) throw this.#error("an action is empty");
      return commands;
    };
    const result = pipe();
    if (at < tokens.length) throw this.#error(`unexpected "${tokens[at]}"`);
    return result;
  }

  /** Cuts the source into text and actions, in one pass. */
  *#split(): Generator<readonly ["text" | "action", string]> {
    const source = this.#source;
    let trim = false;
    for (let at = 0; ; ) {
      const open = source.indexOf("{{", at);
      const text = open === -1 ? source.slice(at) : source.slice(at, open);
      const left = trim ? text.trimStart() : text;
      const trimsBefore = open !== -1 && source.startsWith("- ", open + 2);
      yield ["text", trimsBefore ? left.trimEnd() : left];
      if (open === -1) return;
      const start = open + (trimsBefore ? 4 : 2);
      const close = this.#endOfAction(start);
      trim = source.slice(start, close).endsWith(" -");
      yield ["action", source.slice(start, trim ? close - 2 : close).trim()];
      at = close + 2;
    }
  }

  /** Returns the index of the braces that close an action. Skips those in quotes. */
  #endOfAction(start: number): number {
    for (let at = start; at < this.#source.length; ) {
      const char = this.#source[at];
      if (this.#source.startsWith("}}", at)) return at;
      at = char === '"' || char === "`" ? this.#endOfQuoted(this.#source, at) : at + 1;
    }
    throw this.#error("an action is not closed: }} is missing");
  }

  #endOfQuoted(text: string, start: number): number {
    const end = endOfQuoted(text, start);
    if (end === undefined) throw this.#error(`a text in ${text[start]} is not closed`);
    return end;
  }

  #tokens(text: string): readonly string[] {
    const tokens: string[] = [];
    const word = /[^\s()|"`]+/y;
    for (let at = 0; at < text.length; ) {
      const char = text[at] as string;
      const start = at;
      word.lastIndex = at;
      if (char === '"' || char === "`") at = this.#endOfQuoted(text, at);
      else at = word.test(text) ? word.lastIndex : at + 1;
      if (char.trim() !== "") tokens.push(text.slice(start, at));
    }
    return tokens;
  }

  #operand(token: string): Operand {
    if (token.startsWith('"')) {
      try {
        return { kind: "literal", value: JSON.parse(token) as string };
      } catch {
        throw this.#error(`${token} is no string`);
      }
    }
    if (token.startsWith("`")) return { kind: "literal", value: token.slice(1, -1) };
    if (/^-?\d+(\.\d+)?$/.test(token)) return { kind: "literal", value: Number(token) };
    if (token === "true" || token === "false") return { kind: "literal", value: token === "true" };
    const field = /^(\$)?((?:\.[A-Za-z_][\w]*)+|\.)?$/.exec(token);
    if (field) return { kind: "field", root: field[1] === "$", path: (field[2] ?? "").split(".").filter(Boolean) };
    if (token in FUNCTIONS) return { kind: "name", name: token };
    throw this.#error(`"${token}" is not understood`);
  }

  #error(what: string): UsageError {
    return badTemplate(this.#source, what, Object.keys(FUNCTIONS));
  }
}

/**
 * Returns the index after the quoted text that begins at `start`; undefined when the text does not
 * end. In double quotes a backslash protects the next character.
 */
function endOfQuoted(text: string, start: number): number | undefined {
  const quote = text[start];
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === quote) return at + 1;
    if (text[at] === "\\" && quote === '"') at++;
  }
  return undefined;
}

function render(nodes: readonly Node[], scope: Scope): string {
  let out = "";
  for (const node of nodes) {
    if (node.kind === "text") {
      out += node.text;
      continue;
    }
    const value = evaluate(node.pipe, scope);
    if (node.kind === "value") out += show(value);
    else if (node.kind === "range") {
      const items = Array.isArray(value) ? (value as unknown[]) : value && typeof value === "object" ? Object.values(value) : [];
      out += items.length === 0 ? render(node.otherwise, scope) : items.map((dot) => render(node.body, { ...scope, dot })).join("");
    } else if (truth(value)) out += render(node.body, node.kind === "with" ? { ...scope, dot: value } : scope);
    else out += render(node.otherwise, scope);
  }
  return out;
}

function evaluate(pipe: Pipe, scope: Scope): unknown {
  let carried: { readonly value: unknown } | undefined;
  for (const [head, ...rest] of pipe) {
    if (!head) continue;
    const given = [...rest.map((operand) => operandValue(operand, scope)), ...(carried ? [carried.value] : [])];
    carried = { value: head.kind === "name" ? (FUNCTIONS[head.name] as TemplateFunction)(...given) : operandValue(head, scope) };
  }
  return carried?.value;
}

function operandValue(operand: Operand, scope: Scope): unknown {
  switch (operand.kind) {
    case "literal":
      return operand.value;
    case "pipe":
      return evaluate(operand.pipe, scope);
    case "name":
      return (FUNCTIONS[operand.name] as TemplateFunction)();
    case "field":
      return operand.path.reduce<unknown>(member, operand.root ? scope.root : scope.dot);
  }
}

function member(value: unknown, key: string): unknown {
  return value && typeof value === "object" && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}

type TemplateFunction = (...args: readonly unknown[]) => unknown;

const FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  json: (value) => jsonText(value ?? null),
  prettyjson: (value) => jsonText(value ?? null, 2),
  index: (value, ...keys) => keys.reduce((from: unknown, key) => member(from, String(key)), value),
  join: (values, separator) => (Array.isArray(values) ? values.map(show).join(show(separator)) : show(values)),
  split: (text, separator) => show(text).split(show(separator)),
  upper: (text) => show(text).toUpperCase(),
  lower: (text) => show(text).toLowerCase(),
  title: (text) => show(text).replace(/\b[a-z]/g, (letter) => letter.toUpperCase()),
  len: (value) => (typeof value === "string" || Array.isArray(value) ? value.length : Object.keys(value ?? {}).length),
  println: (...values) => `${values.map(show).join(" ")}\n`,
  print: (...values) => values.map(show).join(""),
  not: (value) => !truth(value),
  and: (...values) => values.find((value) => !truth(value)) ?? values.at(-1),
  or: (...values) => values.find(truth) ?? values.at(-1),
  eq: (value, ...others) => others.some((other) => other === value),
  ne: (value, other) => value !== other,
};

function truth(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === 0 || value === "") return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

/** Prints values as Go does: `[a b]`, `map[k:v]`, `<no value>` for a missing one. */
function show(value: unknown): string {
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(show).join(" ")}]`;
  if (typeof value === "object") {
    const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `map[${members.map(([key, item]) => `${key}:${show(item)}`).join(" ")}]`;
  }
  return String(value);
}
