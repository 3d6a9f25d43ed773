import type { IParserErrorMessageProvider, IToken, TokenType } from "chevrotain";

/** Names of tokens in messages. Other tokens are named by their text. */
const NAMES: Readonly<Record<string, string>> = {
  NewLine: "the end of the line",
  EOF: "the end of the file",
  Identifier: "a name",
  NumberText: "a number",
  BlockStart: "{",
  ForBrace: "{",
  BlockEnd: "}",
  ParenStart: "(",
  ParenEnd: ")",
  SquareStart: "[",
  SquareEnd: "]",
  Comma: ",",
  Colon: ":",
  Equals: "=",
  Dot: ".",
  In: "in",
  QuoteStart: '"',
  QuoteEnd: '"',
  EndIf: "%{ endif }",
  EndFor: "%{ endfor }",
  HeredocEnd: "the word that ends the heredoc, on a line of its own",
};

function nameOf({ name }: TokenType): string {
  return NAMES[name] ?? name;
}

function found(token: IToken | undefined): string {
  if (!token || token.tokenType.name === "EOF" || token.image === "") return "the end of the file";
  return token.tokenType.name === "NewLine" ? "the end of the line" : `"${token.image.trim()}"`;
}

/** Messages of the grammar, with the expected and the found token. */
export const EXPECTATIONS: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected, actual }) => `expected ${nameOf(expected)}, found ${found(actual)}`,
  buildNotAllInputParsedMessage: ({ firstRedundant }) => `expected the end of the line, found ${found(firstRedundant)}`,
  buildNoViableAltMessage: ({ expectedPathsPerAlt, actual }) => {
    const expected = new Set(expectedPathsPerAlt.flat().map(([first]) => (first ? nameOf(first) : "")));
    const list = expected.size > 4 ? "a value" : [...expected].join(" or ");
    return `expected ${list}, found ${found(actual[0])}`;
  },
  buildEarlyExitMessage: ({ actual }) => `expected more, found ${found(actual[0])}`,
};
