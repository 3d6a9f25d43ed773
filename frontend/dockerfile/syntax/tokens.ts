import { createToken, Lexer, type CustomPatternMatcherFunc, type ITokenConfig, type TokenType } from "chevrotain";
import { SHAPES, type Shape } from "../instruction-shapes.js";

/**
 * Escape character of the file that is being lexed. Lexing is synchronous: {@link ./lexer.ts} sets
 * it and resets it.
 */
export const lexing = { escape: "\\" };

/** Findings of the shape-specific scanners, beside the token's image. */
export interface TokenPayload {
  /** Value with quotes and escapes resolved, where the token's kind resolves them. */
  readonly value?: string;
  /** Members of a JSON array; undefined with `invalid`. */
  readonly values?: readonly string[];
  /** True for a JSON array with a member that is no string. */
  readonly invalid?: boolean;
}

/** Shapes with a lexer mode of their own. The instruction behind ONBUILD pushes its own mode. */
type Mode = Exclude<Shape, "trigger">;

function category(name: string): TokenType {
  return createToken({ name, pattern: Lexer.NA });
}

/** Category of the tokens that a flag may follow. */
export const Keyword = category("Keyword");

export const KEYWORD_CATEGORIES: Readonly<Record<Mode, TokenType>> = {
  shell: category("ShellKeyword"),
  list: category("ListKeyword"),
  words: category("WordsKeyword"),
  pairs: category("PairsKeyword"),
  args: category("ArgsKeyword"),
  text: category("TextKeyword"),
  health: category("HealthKeyword"),
};

/**
 * Makes the token of a keyword. A keyword ends with its word: `RUNNING` is unknown, not `RUN`. A
 * no-break space ends no word.
 */
function keyword(name: string, config: Partial<ITokenConfig>): TokenType {
  return createToken({
    name: name.toUpperCase(),
    pattern: new RegExp(`${name}(?![^\\t\\v\\f\\r \\n])`, "i"),
    line_breaks: false,
    ...config,
  });
}

export const KEYWORDS: readonly TokenType[] = Object.entries(SHAPES).flatMap(([name, shape]) =>
  shape === "trigger" ? [] : [keyword(name, { categories: [Keyword, KEYWORD_CATEGORIES[shape]], push_mode: shape })],
);

/** Pushes no mode: the instruction after it does, and one line end must pop exactly one. */
export const Onbuild = keyword("onbuild", {});

export const UnknownKeyword = createToken({ name: "UnknownKeyword", pattern: /[^\t\v\f\r \n]+/, push_mode: "rest", line_breaks: false });

export const NewLine = createToken({ name: "NewLine", pattern: /\n/, line_breaks: true });
export const LineEnd = createToken({ name: "LineEnd", pattern: /\n/, line_breaks: true, pop_mode: true });
export const Blank = createToken({ name: "Blank", pattern: /[^\S\n]+/, group: Lexer.SKIPPED, line_breaks: false });
/** Blanks between words of lists. Other blanks, such as a no-break space, are part of a word. */
export const ListBlank = createToken({ name: "ListBlank", pattern: /[\t\v\f\r ]+/, group: Lexer.SKIPPED, line_breaks: false });

export function custom(name: string, pattern: CustomPatternMatcherFunc): TokenType {
  return createToken({ name, pattern, line_breaks: false });
}

/** The rest of the line without blanks at its end. */
export const Text = createToken({ name: "Text", pattern: /\S(?:[^\n]*\S)?/, line_breaks: false });
export const Word = createToken({ name: "Word", pattern: /[^\t\v\f\r\n ]+/, line_breaks: false });
