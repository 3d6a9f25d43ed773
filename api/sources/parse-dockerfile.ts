import type { ParsedDockerfile } from "../../frontend/dockerfile/syntax/parse.js";

export interface ParseOptions {
  /** Name for diagnostics. Default `Dockerfile`. */
  readonly filename?: string;
}

/**
 * Parses a Dockerfile into a typed tree. Never throws for any text: problems are in the
 * diagnostics, and the tree holds the parts that could be read.
 */
export async function parseDockerfile(text: string, options: ParseOptions = {}): Promise<ParsedDockerfile> {
  // The parser takes longer to load than the rest of the library.
  const { parseDockerfile: parse } = await import("../../frontend/dockerfile/syntax/parse.js");
  return parse(text, options.filename ?? "Dockerfile");
}
