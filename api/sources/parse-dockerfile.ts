import type { ParsedDockerfile } from "../../frontend/dockerfile/syntax/parse.js";

export interface ParseOptions {
  /** For diagnostics; default `Dockerfile`. */
  readonly filename?: string;
}

/** Reads a Dockerfile into a typed tree. Never throws for any text: what is wrong is in the diagnostics, and the tree holds what could be read. */
export async function parseDockerfile(text: string, options: ParseOptions = {}): Promise<ParsedDockerfile> {
  // The parser takes longer to load than the rest of the library.
  const { parseDockerfile: parse } = await import("../../frontend/dockerfile/syntax/parse.js");
  return parse(text, options.filename ?? "Dockerfile");
}
