import { type ILexingResult, Lexer } from "chevrotain";
import { LEXER_DEFINITION } from "./tokens.js";

/** Mode that a text begins in: a file, or a template without its quotes. */
export type StartMode = "lines" | "free" | "bare";

/**
 * Makes the lexer. `validate` costs several milliseconds and is for tests: the definition is fixed.
 */
export function createLexer(options: { readonly validate?: boolean } = {}): Lexer {
  return new Lexer(LEXER_DEFINITION, { positionTracking: "onlyOffset", skipValidations: !options.validate, ensureOptimizations: false });
}

let shared: Lexer | undefined;

export function tokenize(text: string, mode: StartMode): ILexingResult {
  shared ??= createLexer();
  return shared.tokenize(text, mode);
}
