import { createToken, type CustomPatternMatcherReturn, type IToken, type ITokenConfig, Lexer, type TokenType } from "chevrotain";

/**
 * Tokens of HCL. A mode decides which tokens there are. In `lines` (a body, an object) the end of a
 * line ends something, and in `free` (parentheses, brackets, interpolations) it does not. Each kind
 * of template has a mode for its text. Every bracket pushes a mode, and its end pops it.
 */

const token = (config: ITokenConfig): TokenType => createToken(config);

/** Makes a pattern of one that needs the `u` flag, which chevrotain would drop. */
function unicode(pattern: RegExp): (text: string, offset: number) => CustomPatternMatcherReturn | null {
  const sticky = new RegExp(pattern.source, "uy");
  return (text, offset) => {
    sticky.lastIndex = offset;
    const found = sticky.exec(text);
    return found ? [found[0]] : null;
  };
}

export const NewLine = token({ name: "NewLine", pattern: /\r?\n/, line_breaks: true });
const Blank = token({ name: "Blank", pattern: /[ \t\r]+/, group: Lexer.SKIPPED });
const FreeBlank = token({ name: "FreeBlank", pattern: /[ \t\r\n]+/, group: Lexer.SKIPPED, line_breaks: true });
const LineComment = token({ name: "LineComment", pattern: /(?:#|\/\/)[^\n]*/, group: Lexer.SKIPPED });
const Comment = token({ name: "Comment", pattern: /\/\*[\s\S]*?\*\//, group: Lexer.SKIPPED, line_breaks: true });

export const Identifier = token({ name: "Identifier", pattern: unicode(/[\p{ID_Start}_][\p{ID_Continue}-]*/u), line_breaks: false });
export const For = token({ name: "For", pattern: /for/, longer_alt: Identifier, categories: Identifier });
export const In = token({ name: "In", pattern: /in/, longer_alt: Identifier, categories: Identifier });
export const If = token({ name: "If", pattern: /if/, longer_alt: Identifier, categories: Identifier });
export const NumberText = token({ name: "NumberText", pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/ });

export const BlockStart = token({ name: "BlockStart", pattern: "{", push_mode: "lines" });
/**
 * Brace of an object that is made by `for`. Note that it is a token of its own, because inside it
 * line ends mean nothing.
 */
export const ForBrace = token({
  name: "ForBrace",
  pattern: unicode(
    /\{(?=(?:\s|#[^\n]*\n|\/\/[^\n]*\n|\/\*[\s\S]*?\*\/)*for\s+[\p{L}_][\p{L}\p{N}_-]*\s*(?:,\s*[\p{L}_][\p{L}\p{N}_-]*\s*)?in\s)/u,
  ),
  push_mode: "free",
  line_breaks: false,
});
export const BlockEnd = token({ name: "BlockEnd", pattern: "}", pop_mode: true });
/** End of an interpolation that also takes the blanks behind it away. */
export const TrimEnd = token({ name: "TrimEnd", pattern: "~}", pop_mode: true });
export const ParenStart = token({ name: "ParenStart", pattern: "(", push_mode: "free" });
export const ParenEnd = token({ name: "ParenEnd", pattern: ")", pop_mode: true });
export const SquareStart = token({ name: "SquareStart", pattern: "[", push_mode: "free" });
export const SquareEnd = token({ name: "SquareEnd", pattern: "]", pop_mode: true });
export const FullSplat = token({ name: "FullSplat", pattern: /\[\s*\*\s*\]/, line_breaks: true });

export const Ellipsis = token({ name: "Ellipsis", pattern: "..." });
export const AttributeSplat = token({ name: "AttributeSplat", pattern: /\.\s*\*/ });
/** `.0.1`: an index of old files. */
export const LegacyIndex = token({ name: "LegacyIndex", pattern: /\.\d+/ });
export const Dot = token({ name: "Dot", pattern: "." });
export const Comma = token({ name: "Comma", pattern: "," });
export const Arrow = token({ name: "Arrow", pattern: "=>" });
export const Colon = token({ name: "Colon", pattern: ":" });
export const Question = token({ name: "Question", pattern: "?" });
/** Category of the tokens between two operands. */
export const Operator = token({ name: "Operator", pattern: Lexer.NA });
const Binary = token({ name: "Binary", pattern: /\|\||&&|==|!=|<=|>=|<|>|\+|\*|\/|%/, categories: Operator });
export const Minus = token({ name: "Minus", pattern: "-", categories: Operator });
export const Not = token({ name: "Not", pattern: "!" });
export const Equals = token({ name: "Equals", pattern: "=" });

export const QuoteStart = token({ name: "QuoteStart", pattern: '"', push_mode: "quoted" });
export const QuoteEnd = token({ name: "QuoteEnd", pattern: '"', pop_mode: true });
/** Text of a quoted template. `$${` and `%%{` are text. */
export const QuotedText = token({ name: "QuotedText", pattern: /(?:[^"\\\n$%]+|\\[^\n]|\$\$\{|%%\{|[$%](?!\{))+/ });
/** Text of a template that JSON or a caller has unquoted. */
export const BareText = token({ name: "BareText", pattern: /(?:[^$%]+|\$\$\{|%%\{|[$%](?!\{))+/, line_breaks: true });

export const Interpolation = token({ name: "Interpolation", pattern: /\$\{~?/, push_mode: "free" });
export const IfStart = token({ name: "IfStart", pattern: /%\{~?\s*if\b/, push_mode: "free", line_breaks: true });
export const ForStart = token({ name: "ForStart", pattern: /%\{~?\s*for\b/, push_mode: "free", line_breaks: true });
export const ElseMark = token({ name: "ElseMark", pattern: /%\{~?\s*else\s*~?\}/, line_breaks: true });
export const EndIf = token({ name: "EndIf", pattern: /%\{~?\s*endif\s*~?\}/, line_breaks: true });
export const EndFor = token({ name: "EndFor", pattern: /%\{~?\s*endfor\s*~?\}/, line_breaks: true });

export const HeredocStart = token({
  name: "HeredocStart",
  pattern: unicode(/<<-?[\p{L}_][\p{L}\p{N}_-]*\r?\n/u),
  push_mode: "heredoc",
  line_breaks: true,
});
/** The word of the heredoc on a line of its own. */
export const HeredocEnd = token({
  name: "HeredocEnd",
  pattern: (text: string, offset: number, tokens: IToken[]) => matchAt(heredocEnd(tokens), text, offset),
  pop_mode: true,
  line_breaks: false,
});
/** Lines of a heredoc up to its end, an interpolation or a directive. */
export const HeredocText = token({
  name: "HeredocText",
  pattern: (text: string, offset: number, tokens: IToken[]) => heredocText(text, offset, heredocEnd(tokens)),
  line_breaks: true,
});

const HEREDOC_STOP = /(?<!\$)\$\{|(?<!%)%\{|\n/g;

function heredocText(text: string, offset: number, end: RegExp): CustomPatternMatcherReturn | null {
  HEREDOC_STOP.lastIndex = offset;
  for (let found = HEREDOC_STOP.exec(text); found; found = HEREDOC_STOP.exec(text)) {
    const stop = found[0] === "\n" ? found.index + 1 : found.index;
    if (found[0] !== "\n") return stop === offset ? null : [text.slice(offset, stop)];
    if (matchAt(end, text, stop)) return [text.slice(offset, stop)];
  }
  return null;
}

/** Returns the pattern of the end of the innermost heredoc that is open. */
function heredocEnd(tokens: readonly IToken[]): RegExp {
  let depth = 0;
  for (let i = tokens.length - 1; i >= 0; i--) {
    const { tokenType, image } = tokens[i] as IToken;
    if (tokenType === HeredocEnd) depth++;
    else if (tokenType === HeredocStart && depth-- === 0)
      return new RegExp(`[ \\t]*${image.replace(/^<<-?|\r?\n$/g, "")}[ \\t]*(?=\\r?\\n|$)`, "y");
  }
  throw new Error("internal: no heredoc is open");
}

/** Matches at the beginning of a line. */
function matchAt(pattern: RegExp, text: string, offset: number): [string] | null {
  if (text[offset - 1] !== "\n") return null;
  pattern.lastIndex = offset;
  const found = pattern.exec(text);
  return found ? [found[0]] : null;
}

const EXPRESSION = [
  HeredocStart,
  For,
  In,
  If,
  Identifier,
  NumberText,
  ForBrace,
  BlockStart,
  TrimEnd,
  BlockEnd,
  ParenStart,
  ParenEnd,
  FullSplat,
  SquareStart,
  SquareEnd,
  Ellipsis,
  AttributeSplat,
  LegacyIndex,
  Dot,
  Comma,
  Arrow,
  Colon,
  Question,
  Binary,
  Minus,
  Not,
  Equals,
  QuoteStart,
];

const DIRECTIVES = [IfStart, ForStart, ElseMark, EndIf, EndFor, Interpolation];

export const LEXER_DEFINITION = {
  defaultMode: "lines",
  modes: {
    lines: [NewLine, Blank, LineComment, Comment, ...EXPRESSION],
    free: [FreeBlank, LineComment, Comment, ...EXPRESSION],
    quoted: [QuoteEnd, ...DIRECTIVES, QuotedText],
    heredoc: [HeredocEnd, ...DIRECTIVES, HeredocText],
    bare: [...DIRECTIVES, BareText],
  },
};

/** All token types, for the parser. */
export const VOCABULARY: TokenType[] = [...new Set(Object.values(LEXER_DEFINITION.modes).flat()), Operator];
