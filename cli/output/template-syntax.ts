import { badTemplate } from "./errors.js";
import type { UsageError } from "../exit-codes.js";

export type Node =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "value"; readonly pipe: Pipe }
  | { readonly kind: "assign"; readonly name: string; readonly declares: boolean; readonly pipe: Pipe }
  | { readonly kind: "break" | "continue" }
  | Control;
/** An action with a body. */
export interface Control {
  readonly kind: "if" | "range" | "with";
  /** Variables that the body has: of `range`, the key and the value, or the value alone. */
  readonly variables: readonly string[];
  readonly pipe: Pipe;
  readonly body: readonly Node[];
  readonly otherwise: readonly Node[];
}
export type Pipe = readonly (readonly Operand[])[];
export type Operand =
  | { readonly kind: "field"; readonly path: readonly string[]; readonly variable: string | undefined }
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "name"; readonly name: string }
  | { readonly kind: "pipe"; readonly pipe: Pipe; readonly path: readonly string[] };

/** Levels of nesting: more than anybody writes, and few enough for the stack. */
const DEEPEST = 200;

/** Reads a template. Throws a {@link UsageError} that names the part it cannot read. */
export class TemplateParser {
  readonly #source: string;
  readonly #functions: readonly string[];
  readonly #parts: readonly (readonly ["text" | "action", string])[];
  #at = 0;
  #depth = 0;
  /** Variables that are declared where the parser is. */
  #declared: string[] = [];

  constructor(source: string, functions: readonly string[]) {
    this.#source = source;
    this.#functions = functions;
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
      if (text === "end" || text === "else" || /^else (if|with) /.test(text)) return { nodes, end: text };
      nodes.push(this.#action(text));
    }
  }

  #action(text: string): Node {
    const control = /^(if|range|with)\s+(.*)$/s.exec(text);
    if (control) return this.#control(control[1] as "if" | "range" | "with", control[2] as string);
    if (text === "break" || text === "continue") return { kind: text };
    const assign = /^\$(\w+)\s*(:?)=\s*(.*)$/s.exec(text);
    if (!assign) return { kind: "value", pipe: this.#pipe(text) };
    const [, name = "", colon, rest = ""] = assign;
    const pipe = this.#pipe(rest);
    if (colon === "") this.#requireVariable(name);
    else this.#declared.push(name);
    return { kind: "assign", name, declares: colon !== "", pipe };
  }

  /** Parses a control action to its end. Its variables and those of its body end there too. */
  #control(kind: "if" | "range" | "with", condition: string): Node {
    return this.#nested(() => {
      const declared = [...this.#declared];
      const named = /^\$(\w+)\s*(?:,\s*\$(\w+)\s*)?:=\s*(.*)$/s.exec(condition);
      if (named?.[2] !== undefined && kind !== "range") throw this.#error(`{{${kind}}} has one variable`);
      const pipe = this.#pipe(named?.[3] ?? condition);
      const variables = named ? named.slice(1, 3).filter((name) => name !== undefined) : [];
      this.#declared.push(...variables);
      const { nodes: body, end } = this.#block();
      this.#declared = [...declared, ...variables];
      const otherwise = this.#otherwise(kind, end);
      this.#declared = declared;
      return { kind, variables, pipe, body, otherwise };
    });
  }

  #otherwise(kind: string, end: string | undefined): readonly Node[] {
    if (end === "end") return [];
    const chained = /^else (if|with) (.*)$/s.exec(end ?? "");
    if (chained) return [this.#control(chained[1] as "if" | "with", (chained[2] as string).trim())];
    const { nodes, end: close } = end === undefined ? { nodes: [], end: undefined } : this.#block();
    if (close !== "end") throw this.#error(`{{${kind}}} without {{end}}`);
    return nodes;
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
      for (; at < tokens.length && !tokens[at]?.startsWith(")"); at++) {
        const token = tokens[at] as string;
        if (token === "|") commands.push([]);
        else if (token === "(") {
          at++;
          const inner = this.#nested(pipe);
          const close = tokens[at];
          if (!close?.startsWith(")")) throw this.#error("a parenthesis is not closed");
          commands.at(-1)?.push({ kind: "pipe", pipe: inner, path: close.slice(1).split(".").filter(Boolean) });
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
      else if (char === ")") at += /^\)(?:\.[A-Za-z_]\w*)*/.exec(text.slice(at))?.[0].length ?? 1;
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
    if (token === "nil") return { kind: "literal", value: null };
    const field = /^(\$\w*)?((?:\.[A-Za-z_][\w]*)+|\.)?$/.exec(token);
    if (field) {
      const variable = field[1]?.slice(1);
      if (variable) this.#requireVariable(variable);
      return { kind: "field", variable, path: (field[2] ?? "").split(".").filter(Boolean) };
    }
    if (this.#functions.includes(token)) return { kind: "name", name: token };
    throw this.#error(`"${token}" is not understood`);
  }

  #requireVariable(name: string): void {
    if (!this.#declared.includes(name)) throw this.#error(`there is no variable $${name}`);
  }

  #error(what: string): UsageError {
    return badTemplate(this.#source, what, this.#functions);
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
