import { createToken, EmbeddedActionsParser, type IToken, Lexer, type ParserMethod } from "chevrotain";
import type { SourceFile } from "../../../core/diagnostics.js";
import { DiagnosticsError } from "../../../core/errors.js";
import { LineMap } from "../../../core/text/line-map.js";
import type { Attribute, Block, Body, Expression, Place } from "../ast.js";
import { syntax } from "../errors.js";
import { Fraction } from "../values/number.js";
import { bool, NULL, number } from "../values/value.js";
import { EXPECTATIONS } from "./expectations.js";
import { parseTemplate, placed } from "./parse.js";

const token = createToken;
const Blank = token({ name: "Blank", pattern: /[ \t\r\n\uFEFF]+/, group: Lexer.SKIPPED, line_breaks: true });
const ObjectStart = token({ name: "BlockStart", pattern: "{" });
const ObjectEnd = token({ name: "BlockEnd", pattern: "}" });
const ArrayStart = token({ name: "SquareStart", pattern: "[" });
const ArrayEnd = token({ name: "SquareEnd", pattern: "]" });
const Comma = token({ name: "Comma", pattern: "," });
const Colon = token({ name: "Colon", pattern: ":" });
const Text = token({ name: "String", pattern: /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/ });
const NumberText = token({ name: "NumberText", pattern: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/ });
const Word = token({ name: "Word", pattern: /true|false|null/ });
const TOKENS = [Blank, ObjectStart, ObjectEnd, ArrayStart, ArrayEnd, Comma, Colon, Text, NumberText, Word];

/** JSON, with the tokens that messages point at. */
type Node = { readonly start: IToken; readonly end: IToken } & (
  | { readonly kind: "object"; readonly members: readonly { readonly name: IToken; readonly value: Node }[] }
  | { readonly kind: "array"; readonly items: readonly Node[] }
  | { readonly kind: "text" | "number" | "word" }
);

class JsonParser extends EmbeddedActionsParser {
  constructor() {
    super(TOKENS, { skipValidations: true, recoveryEnabled: false, maxLookahead: 1, errorMessageProvider: EXPECTATIONS });
    this.performSelfAnalysis();
  }

  readonly value: ParserMethod<[], Node> = this.RULE("value", () =>
    this.OR<Node>([
      { ALT: () => this.SUBRULE(this.object) },
      { ALT: () => this.SUBRULE(this.array) },
      { ALT: () => scalar("text", this.CONSUME(Text)) },
      { ALT: () => scalar("number", this.CONSUME(NumberText)) },
      { ALT: () => scalar("word", this.CONSUME(Word)) },
    ]),
  );

  readonly object: ParserMethod<[], Node> = this.RULE("object", () => {
    const start = this.CONSUME(ObjectStart);
    const members: { name: IToken; value: Node }[] = [];
    this.MANY_SEP({
      SEP: Comma,
      DEF: () => {
        const name = this.CONSUME(Text);
        this.CONSUME(Colon);
        members.push({ name, value: this.SUBRULE(this.value) });
      },
    });
    return { kind: "object" as const, members, start, end: this.CONSUME(ObjectEnd) };
  });

  readonly array: ParserMethod<[], Node> = this.RULE("array", () => {
    const start = this.CONSUME(ArrayStart);
    const items: Node[] = [];
    this.MANY_SEP({ SEP: Comma, DEF: () => items.push(this.SUBRULE(this.value)) });
    return { kind: "array" as const, items, start, end: this.CONSUME(ArrayEnd) };
  });
}

function scalar(kind: "text" | "number" | "word", start: IToken): Node {
  return { kind, start, end: start };
}

/** Blocks of the language: how many labels a type has, and the blocks inside it. */
export interface BlockTypes {
  readonly [type: string]: { readonly labelled: boolean; readonly blocks?: BlockTypes };
}

let lexer: Lexer | undefined;
let parser: JsonParser | undefined;

/**
 * Parses the JSON form of a file: an object whose members are blocks, by their types in `blocks`,
 * and attributes. Strings are templates. Throws DiagnosticsError.
 */
export function parseJsonBody(source: SourceFile, blocks: BlockTypes): Body {
  lexer ??= new Lexer(TOKENS, { positionTracking: "onlyOffset", skipValidations: true });
  parser ??= new JsonParser();
  const reader = new JsonReader(source);
  const lexed = lexer.tokenize(source.text);
  const [bad] = lexed.errors;
  if (bad) throw new DiagnosticsError([syntax(`"${source.text.charAt(bad.offset)}" is no JSON`, reader.range(bad.offset, bad.offset + 1))]);
  parser.input = lexed.tokens;
  const root = parser.value();
  const [error] = parser.errors;
  if (error) throw new DiagnosticsError([syntax(error.message, reader.at(placed(error)))]);
  return reader.body(root, blocks);
}

/** Turns JSON into the tree of an HCL file. */
class JsonReader {
  readonly source: SourceFile;
  readonly #map: LineMap;

  constructor(source: SourceFile) {
    this.source = source;
    this.#map = new LineMap(source.text);
  }

  range(start: number, end: number): Place {
    return { source: this.source, range: this.#map.range(start, end) };
  }

  at(start: IToken, end = start): Place {
    const from = Number.isFinite(start.startOffset) ? start.startOffset : 0;
    return this.range(from, Number.isFinite(end.startOffset) ? end.startOffset + end.image.length : from);
  }

  body(node: Node, types: BlockTypes): Body {
    if (node.kind !== "object") throw new DiagnosticsError([syntax("an object is needed here", this.at(node.start, node.end))]);
    const attributes: Attribute[] = [];
    const blocks: Block[] = [];
    for (const { name, value } of node.members) {
      const text = textOf(name);
      const type = Object.hasOwn(types, text) ? types[text] : undefined;
      if (type) blocks.push(...this.#blocks(text, name, value, type));
      else if (text !== "//") attributes.push({ name: text, expression: this.expression(value), ...this.at(name) });
    }
    return { attributes, blocks };
  }

  /** Returns the blocks of one type: by label, or one after the other in an array. */
  #blocks(type: string, name: IToken, value: Node, { labelled, blocks = {} }: BlockTypes[string]): Block[] {
    if (value.kind === "array") return value.items.flatMap((item) => this.#blocks(type, name, item, { labelled, blocks }));
    if (!labelled) return [{ type, labels: [], body: this.body(value, blocks), ...this.at(name) }];
    if (value.kind !== "object")
      throw new DiagnosticsError([syntax(`${type} needs an object, with a member for each name`, this.at(value.start, value.end))]);
    return value.members.flatMap((member) => {
      const bodies = member.value.kind === "array" ? member.value.items : [member.value];
      const place = this.at(member.name);
      return bodies.map((body) => ({ type, labels: [{ text: textOf(member.name), ...place }], body: this.body(body, blocks), ...place }));
    });
  }

  expression(node: Node): Expression {
    const place = this.at(node.start, node.end);
    if (node.kind === "array") return { kind: "tuple", items: node.items.map((item) => this.expression(item)), ...place };
    if (node.kind === "object")
      return {
        kind: "object",
        items: node.members.map(({ name, value }) => ({ key: this.#template(name), value: this.expression(value) })),
        ...place,
      };
    if (node.kind === "text") return this.#template(node.start);
    const { image } = node.start;
    if (node.kind === "word") return { kind: "literal", value: image === "null" ? NULL : bool(image === "true"), ...place };
    const value = Fraction.parse(image);
    if (!value) throw new DiagnosticsError([syntax(`the number ${image} is too large`, place)]);
    return { kind: "literal", value: number(value), ...place };
  }

  #template(text: IToken): Expression {
    const place = this.at(text);
    const value = textOf(text);
    const first = text.startOffset + 1;
    // Without escapes the template's text is the file's, so that places inside it are exact.
    const exact = value.length === text.image.length - 2;
    return parseTemplate(value, exact ? (start, end) => this.range(first + start, first + end) : () => place);
  }
}

function textOf(token: IToken): string {
  return JSON.parse(token.image) as string;
}
