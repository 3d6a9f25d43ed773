import type { IRecognitionException, IToken } from "chevrotain";
import type { Diagnostic, SourceFile } from "../../../core/diagnostics.js";
import { DiagnosticsError } from "../../../core/errors.js";
import { LineMap } from "../../../core/text/line-map.js";
import type { Body, Expression, Place, TemplatePart } from "../ast.js";
import { syntax } from "../errors.js";
import { HclParser } from "./grammar.js";
import { type StartMode, tokenize } from "./lexer.js";
import type { NodeBuilder } from "./template-grammar.js";
import { templateExpression } from "./templates.js";

let parser: HclParser | undefined;

/**
 * Parses a file. Throws DiagnosticsError with every problem that was found. This module loads
 * chevrotain: import it dynamically.
 */
export function parseHcl(source: SourceFile): Body {
  const map = new LineMap(source.text);
  const text = source.text.startsWith("\uFEFF") ? ` ${source.text.slice(1)}` : source.text;
  return parse<Body>(text, "lines", "file", (start, end) => ({ source, range: map.range(start, end) }));
}

/**
 * Parses a template without quotes, such as a string of JSON. `place` says where its text stands.
 */
export function parseTemplate(text: string, place: (start: number, end: number) => Place): Expression {
  const parts = parse<readonly TemplatePart[]>(text, "bare", "onlyTemplate", place);
  return templateExpression(parts, place(0, text.length));
}

/** Parses an expression that stands alone. */
export function parseExpression(source: SourceFile): Expression {
  const map = new LineMap(source.text);
  return parse<Expression>(source.text, "free", "onlyExpression", (start, end) => ({ source, range: map.range(start, end) }));
}

type Rule = Parameters<HclParser["parse"]>[2];

function parse<Result>(text: string, mode: StartMode, rule: Rule, place: (start: number, end: number) => Place): Result {
  const problems: Diagnostic[] = [];
  const builder: NodeBuilder = {
    place: (start, end = start) => place(offsetOf(start, text), endOf(end, text)),
    problem: (message, at) => problems.push(syntax(message, at)),
  };
  const lexed = tokenize(text, mode);
  const [unread] = lexed.errors;
  if (unread) problems.push(syntax(unreadable(text, unread.offset), place(unread.offset, unread.offset + 1)));
  parser ??= new HclParser();
  const result = parser.parse<Result>(lexed.tokens, builder, rule);
  if (problems.length === 0) {
    for (const error of parser.errors) problems.push(syntax(error.message, builder.place(placed(error))));
  }
  if (problems.length > 0) throw new DiagnosticsError(problems);
  return result as Result;
}

/** Returns the token that a problem of a grammar stands at: at the end of the file the last one. */
export function placed(error: IRecognitionException): IToken {
  const { token } = error;
  const before = "previousToken" in error ? (error.previousToken as IToken) : token;
  return Number.isFinite(token.startOffset) ? token : before;
}

function offsetOf(token: IToken, text: string): number {
  return Number.isFinite(token.startOffset) ? token.startOffset : text.length;
}

function endOf(token: IToken, text: string): number {
  return Number.isFinite(token.startOffset) ? token.startOffset + token.image.length : text.length;
}

function unreadable(text: string, offset: number): string {
  const found = text.charAt(offset);
  if (found === "'") return "strings stand in double quotes";
  if (found === "\n" || found === "\r") return "a string ends on its line; longer text is a heredoc (<<WORD), or has \\n";
  if (found === "&" || found === "|") return `there is no operator "${found}"; the operators are && and ||`;
  return `"${String.fromCodePoint(text.codePointAt(offset) ?? 0)}" has no meaning here`;
}
