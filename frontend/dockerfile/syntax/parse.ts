import type { IToken } from "chevrotain";
import type { Diagnostic } from "../../../core/diagnostics.js";
import { LineMap } from "../../../core/text/line-map.js";
import { quotedTexts } from "../../../core/text/quoted.js";
import { AST_FORMAT, type Directives, type DockerfileAst, type Flag, type Instruction, type Word } from "../ast.js";
import { parseDirectives } from "./directives.js";
import * as errors from "../errors/errors.js";
import { DockerfileParser, type ParsedInstruction, type NodeBuilder, payloadOf } from "./grammar.js";
import { tokenize } from "./lexer.js";
import { type LogicalLine, logicalLines } from "./logical-lines.js";
import { byPlace, type Problem, toDiagnostic } from "../problem.js";
import { otherFile } from "./other-files.js";
import { foreignSyntax, isBuiltIn } from "./syntax.js";
import { type JoinedText, type PhysicalLine, physicalLines } from "./source-lines.js";

export interface ParsedDockerfile {
  readonly ast: DockerfileAst;
  /** Problems of the AST with their source, ready to show. */
  readonly diagnostics: readonly Diagnostic[];
}

let parser: DockerfileParser | undefined;

/**
 * Parses a Dockerfile. Never throws for any text: problems are in the diagnostics, and the AST
 * holds the parts that could be read. This module loads chevrotain: import it dynamically, and only
 * when no AST of the text is cached.
 */
export function parseDockerfile(text: string, filename: string): ParsedDockerfile {
  const other = notText(text);
  if (other) return unread(text, filename, { escape: "\\" }, other);
  const map = new LineMap(text);
  const physical = physicalLines(text);
  const { directives, problems: directiveProblems } = parseDirectives(physical, map);
  const foreign = foreignSyntax(text, map);
  if (foreign && !isBuiltIn(foreign.value)) {
    return unread(text, filename, { ...directives, syntax: foreign }, errors.unsupportedSyntax(foreign.value, foreign.range));
  }
  const logical = logicalLines(physical, directives.escape, map);
  const joined = logical.joined.text;
  const problems: Problem[] = [...directiveProblems, ...longLines(physical, map), ...logical.problems];
  parser ??= new DockerfileParser();
  const builder = new AstBuilder({
    source: text,
    text: joined,
    joined: logical.joined,
    lines: logical.lines,
    map,
    problems,
    escape: directives.escape,
  });
  const instructions: Instruction[] = [];
  let end = 0;
  for (const [from, to] of blocks(logical.lines, joined.length)) {
    builder.base = from;
    const lexed = tokenize(joined.slice(from, to), directives.escape);
    for (const node of parser.parse(lexed.tokens, builder) ?? []) {
      instructions.push({ ...node, leading: text.slice(end, node.range.start) });
      end = node.range.end;
    }
    // The lexer takes every text, and the grammar every token sequence that it makes. Errors here
    // are bugs in either.
    for (const error of lexed.errors) problems.push(errors.syntax(error.message, builder.range(error.offset, error.offset + error.length)));
    for (const error of parser.errors) {
      const { startOffset, endOffset } = error.token;
      const known = Number.isFinite(startOffset);
      problems.push(errors.syntax(error.message, known ? builder.range(startOffset, (endOffset ?? startOffset) + 1) : undefined));
    }
  }
  const unknown = problems.find(({ code }) => code === "dockerfile/unknown-instruction")?.range;
  if (unknown && startsFile(text, unknown.start)) {
    const found = otherFile(text, filename);
    if (found) return unread(text, filename, directives, errors.otherFile(filename, found.what, found.hint));
  }
  if (instructions.length === 0 && problems.every((problem) => problem.severity !== "error")) problems.push(errors.noInstructions());
  problems.sort(byPlace);
  const ast: DockerfileAst = { version: AST_FORMAT, directives, instructions, trailing: text.slice(end), problems };
  const source = { name: filename, text };
  return { ast, diagnostics: problems.map((problem) => toDiagnostic(problem, source)) };
}

/** Number of instructions whose tokens are in memory at a time. A token is larger than its text. */
const BLOCK = 1000;

/** Returns the ranges of the joined text that are read one after the other: whole lines. */
function* blocks(lines: readonly LogicalLine[], length: number): Generator<readonly [from: number, to: number]> {
  let from = 0;
  for (let next = BLOCK; from < length; next += BLOCK) {
    const to = lines[next]?.start ?? length;
    yield [from, to];
    from = to;
  }
}

/** Returns true when nothing but comments is before a place. */
function startsFile(text: string, at: number): boolean {
  return /^\uFEFF?(?:[ \t]*(?:#[^\n]*)?\r*\n)*[ \t]*$/.test(text.slice(0, at));
}

/** Returns the AST of a file whose instructions are all unread for one reason. */
function unread(text: string, filename: string, directives: Directives, problem: Problem): ParsedDockerfile {
  const ast: DockerfileAst = { version: AST_FORMAT, directives, instructions: [], trailing: text, problems: [problem] };
  return { ast, diagnostics: [toDiagnostic(problem, { name: filename, text })] };
}

/** Reports bytes that are no text, by their beginning when they are read as UTF-8. */
function notText(text: string): Problem | undefined {
  if (text.startsWith("PK\u0003\u0004"))
    return errors.notText("a zip archive", "Contexts are directories, tar archives and repositories: unzip it, and name the directory");
  if (UTF_16.test(text))
    return errors.notText("UTF-16 text", "Save it as UTF-8; in PowerShell: ... | Set-Content -Encoding utf8 Dockerfile");
  return undefined;
}

/** Each second byte of ASCII letters is zero, with a byte order mark (no UTF-8) or without. */
const UTF_16 = /^(?:\ufffd\ufffd)?(?:[^\0]\0[^\0]\0|\0[^\0]\0[^\0])/;

/** Bytes of a line, the line end included. */
const LONGEST_LINE = 65_536;

/** Reports lines beyond BuildKit's limit: a file that cannot be built elsewhere is no good here. */
function longLines(lines: readonly PhysicalLine[], map: LineMap): Problem[] {
  return lines.flatMap(({ raw, text, start }) => {
    // A UTF-16 code unit is at most three bytes.
    if (raw.length * 3 <= LONGEST_LINE) return [];
    const bytes = Buffer.byteLength(raw);
    const most = raw.endsWith("\n") ? LONGEST_LINE : LONGEST_LINE - 1;
    return bytes <= most ? [] : [errors.longLine(bytes, LONGEST_LINE - 1, map.range(start, start + text.length))];
  });
}

interface AstBuilderOptions {
  readonly source: string;
  readonly text: string;
  readonly joined: JoinedText;
  readonly lines: readonly LogicalLine[];
  readonly map: LineMap;
  readonly problems: Problem[];
  readonly escape: string;
}

class AstBuilder implements NodeBuilder {
  readonly source: string;
  readonly text: string;
  readonly joined: JoinedText;
  readonly lines: readonly LogicalLine[];
  readonly map: LineMap;
  readonly problems: Problem[];
  readonly escape: string;
  /** Offset in the joined text of the block that is read: places of tokens count from it. */
  base = 0;
  #line = 0;
  /** Numbers of unread lines that may belong to an instruction above, with its name. */
  readonly #continued = new Map<number, string>();

  constructor({ source, text, joined, lines, map, problems, escape }: AstBuilderOptions) {
    this.source = source;
    this.text = text;
    this.joined = joined;
    this.lines = lines;
    this.map = map;
    this.problems = problems;
    this.escape = escape;
  }

  /** Returns the place in the file of a range of the block. */
  range(start: number, end: number) {
    const from = this.joined.sourceOffset(this.base + start);
    return this.map.range(from, end > start ? this.joined.sourceOffset(this.base + end - 1) + 1 : from);
  }

  word(token: IToken): Word {
    return { text: payloadOf(token).value ?? token.image, range: this.#range(token) };
  }

  flag(token: IToken): Flag | undefined {
    const text = payloadOf(token).value ?? token.image;
    if (text === "--") return undefined;
    const equals = text.indexOf("=");
    const imageEquals = token.image.indexOf("=");
    const end = token.startOffset + token.image.length;
    const range = this.#range(token);
    if (equals === -1) return { name: text.slice(2), range, valueRange: range };
    const valueStart = token.startOffset + imageEquals + 1;
    const valueRange = imageEquals !== -1 && valueStart < end ? this.range(valueStart, end) : range;
    return { name: text.slice(2, equals), value: text.slice(equals + 1), range, valueRange };
  }

  exec(token: IToken): { form: "exec"; args: readonly Word[]; range: Word["range"] } | undefined {
    return payloadOf(token).invalid ? this.#invalidArray(token) : { form: "exec", args: this.jsonWords(token), range: this.#range(token) };
  }

  jsonWords(token: IToken): readonly Word[] {
    const { values, invalid } = payloadOf(token);
    if (invalid) this.#invalidArray(token);
    const places = [...quotedTexts(token.image)];
    return (values ?? []).map((text, i) => {
      const place = places[i];
      const start = token.startOffset + (place?.index ?? 0);
      return { text, range: this.range(start, start + (place?.text.length ?? token.image.length)) };
    });
  }

  assignment(token: IToken): { name: Word; value?: Word } {
    const text = payloadOf(token).value ?? token.image;
    const equals = text.indexOf("=");
    if (equals === -1) return { name: { text, range: this.#range(token) } };
    const cut = token.startOffset + Math.max(0, token.image.indexOf("="));
    const end = token.startOffset + token.image.length;
    return {
      name: { text: text.slice(0, equals), range: this.range(token.startOffset, cut) },
      value: { text: text.slice(equals + 1), range: this.range(Math.min(cut + 1, end - 1), end) },
    };
  }

  unknownKeyword(token: IToken): void {
    this.problems.push(errors.unknownInstruction(token.image, this.#range(token), this.#lineBefore(this.base + token.startOffset)));
  }

  /**
   * Returns the instruction right above the current line, when nothing but comments is between
   * them. When several lines seem to be one instruction, the first counts. Returns undefined for a
   * place that is not at the beginning of its line.
   */
  #lineBefore(at: number): errors.LineBefore | undefined {
    const before = this.lines[this.#line - 1];
    const line = this.lines[this.#line];
    if (!before || line?.start !== at || before.heredocs.length > 0) return undefined;
    const end = this.joined.sourceOffset(this.#textEnd(before) - 1) + 1;
    const between = this.source.slice(end, this.joined.sourceOffset(line.start));
    if (!/^[ \t]*\r*\n(?:[ \t]*#[^\n]*\n)*[ \t]*$/.test(between)) return undefined;
    const instruction = this.#continued.get(this.#line - 1) ?? /^\S*/.exec(before.text)?.[0] ?? "";
    if (errors.mayContinue(instruction)) this.#continued.set(this.#line, instruction);
    return { instruction, end: this.map.range(end, end), escape: this.escape };
  }

  missingEquals(token: IToken): void {
    this.problems.push(errors.missingEquals(payloadOf(token).value ?? token.image, this.#range(token)));
  }

  missingValue(instruction: IToken, name: IToken): void {
    this.problems.push(errors.missingValue(instruction.image.toUpperCase(), name.image, this.#range(name)));
  }

  finish(parsed: ParsedInstruction | undefined): Instruction | undefined {
    const line = this.lines[this.#line++];
    if (!line) throw new Error("internal: more instructions than lines");
    return parsed && this.#complete(parsed, line, line.text);
  }

  finishTrigger(parsed: ParsedInstruction): Instruction {
    const line = this.lines[this.#line];
    if (!line) throw new Error("internal: a trigger outside of a line");
    return this.#complete(parsed, line, withoutOnbuild(line.text));
  }

  #complete(parsed: ParsedInstruction, line: LogicalLine, text: string): Instruction {
    const start = parsed.keyword.range.start;
    const end = line.heredocEnd ?? this.joined.sourceOffset(this.#textEnd(line) - 1) + 1;
    return {
      ...parsed,
      leading: "",
      source: this.source.slice(start, end),
      range: this.map.range(start, end),
      // ONBUILD has no heredocs of its own: they belong to its trigger.
      heredocs: parsed.kind === "onbuild" ? [] : line.heredocs,
      text,
      ...(parsed.kind === "onbuild" ? { triggerText: withoutOnbuild(line.untrimmed) } : {}),
      comments: line.comments,
    } as unknown as Instruction;
  }

  /** Returns the offset in the joined text after the line's last character that is not blank. */
  #textEnd(line: LogicalLine): number {
    const newline = this.text.indexOf("\n", line.start);
    let end = newline === -1 ? this.text.length : newline;
    while (end > line.start && /\s/.test(this.text[end - 1] as string)) end--;
    return end;
  }

  #range(token: IToken) {
    return this.range(token.startOffset, token.startOffset + token.image.length);
  }

  #invalidArray(token: IToken): undefined {
    this.problems.push(errors.invalidJsonMember(this.#range(token)));
    return undefined;
  }
}

function withoutOnbuild(text: string): string {
  return text.replace(/^onbuild\s+/i, "");
}
