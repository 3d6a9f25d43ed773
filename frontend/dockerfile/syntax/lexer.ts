import { type CustomPatternMatcherReturn, type ILexingResult, type IToken, Lexer, type TokenType, tokenMatcher } from "chevrotain";
import {
  Blank,
  custom,
  KEYWORDS,
  Keyword,
  LineEnd,
  ListBlank,
  lexing,
  NewLine,
  Onbuild,
  type TokenPayload,
  Text,
  UnknownKeyword,
  Word,
} from "./tokens.js";
import { lineEnd, scanFlag, scanJsonArray, scanQuotedWord } from "./words.js";

/** `--name=value` before the arguments. */
export const Flag = custom("Flag", (text, offset, tokens) => {
  // After a bare `--` nothing is a flag.
  const last = tokens[tokens.length - 1];
  if (!startsArguments(tokens) || (last?.tokenType === Flag && (last.payload as TokenPayload).value === "--")) return null;
  const scanned = scanFlag(text, offset);
  return scanned ? match(text, offset, scanned.end, { value: scanned.value }) : null;
});

/** An exec form. The whole rest of the line decides, which a grammar could not look at. */
export const JsonArray = custom("JsonArray", (text, offset, tokens) => {
  if (!startsArguments(tokens) && !lastIs(tokens, HealthType)) return null;
  const array = scanJsonArray(text, offset);
  return array ? match(text, offset, array.end, array.values ? { values: array.values } : { invalid: true }) : null;
});

/** `CMD` or `NONE` of HEALTHCHECK. */
export const HealthType = custom("HealthType", (text, offset, tokens) => {
  if (!startsArguments(tokens)) return null;
  const end = /\s|$/.exec(text.slice(offset, lineEnd(text, offset)));
  return match(text, offset, offset + (end?.index ?? 0), {});
});

export const QuotedWord = custom("QuotedWord", (text, offset) => {
  const word = scanQuotedWord(text, offset, lexing.escape);
  return word ? match(text, offset, word.end, { value: word.value }) : null;
});

/** The name in `ENV name value`: a first word without `=`. */
export const LegacyName = custom("LegacyName", (text, offset, tokens) => {
  if (!startsArguments(tokens)) return null;
  const word = scanQuotedWord(text, offset, lexing.escape);
  if (!word || word.value.includes("=")) return null;
  const end = /[\t\v\f\r ]|$/.exec(text.slice(offset, lineEnd(text, offset)));
  return match(text, offset, offset + (end?.index ?? 0), {});
});

/** The value in `ENV name value`: the whole rest. */
export const LegacyValue = custom("LegacyValue", (text, offset, tokens) =>
  lastIs(tokens, LegacyName) ? match(text, offset, offset + text.slice(offset, lineEnd(text, offset)).trimEnd().length, {}) : null,
);

const LEXER_DEFINITION = {
  defaultMode: "line",
  modes: {
    line: [NewLine, Blank, ...KEYWORDS, Onbuild, UnknownKeyword],
    shell: [LineEnd, Blank, Flag, JsonArray, Text],
    list: [LineEnd, ListBlank, Flag, JsonArray, Word],
    words: [LineEnd, ListBlank, Flag, Word],
    pairs: [LineEnd, Blank, Flag, LegacyName, LegacyValue, QuotedWord],
    args: [LineEnd, Blank, Flag, QuotedWord],
    text: [LineEnd, Blank, Flag, Text],
    health: [LineEnd, Blank, Flag, HealthType, JsonArray, Text],
    rest: [LineEnd, Blank, Text],
  },
};

/** All token types, for the parser. */
export const VOCABULARY: TokenType[] = [...new Set(Object.values(LEXER_DEFINITION.modes).flat()), Keyword];

/**
 * Makes the lexer. `validate` costs several milliseconds and is for tests: the definition is fixed.
 */
export function createLexer(options: { readonly validate?: boolean } = {}): Lexer {
  return new Lexer(LEXER_DEFINITION, { positionTracking: "onlyOffset", skipValidations: !options.validate, ensureOptimizations: false });
}

let shared: Lexer | undefined;

/**
 * Returns the tokens of a joined text (see {@link ./logical-lines.ts}). Every text has tokens: each
 * mode takes any character.
 */
export function tokenize(joined: string, escape: string): ILexingResult {
  shared ??= createLexer();
  const before = lexing.escape;
  lexing.escape = escape;
  try {
    return shared.tokenize(joined);
  } finally {
    lexing.escape = before;
  }
}

function match(text: string, offset: number, end: number, payload: TokenPayload): CustomPatternMatcherReturn | null {
  if (end === offset) return null;
  return Object.assign([text.slice(offset, end)] as [string], { payload });
}

/** Returns true when nothing but flags stands between the keyword and this place. */
function startsArguments(tokens: readonly IToken[]): boolean {
  const last = tokens[tokens.length - 1];
  return last !== undefined && (last.tokenType === Flag || tokenMatcher(last, Keyword));
}

function lastIs(tokens: readonly IToken[], type: TokenType): boolean {
  return tokens[tokens.length - 1]?.tokenType === type;
}
