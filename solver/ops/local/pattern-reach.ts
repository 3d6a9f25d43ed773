import { readGlob } from "../../../core/text/glob.js";
import { compileWildcards } from "../../../core/text/wildcards.js";

/** Test for one component of a path; "anything" where a pattern crosses slashes. */
type Component = ((name: string) => boolean) | "anything";

/**
 * Directories in which a set of patterns can match something, judged component by component. A walk
 * leaves out unreachable directories, and never reads them.
 */
export class PatternReach {
  readonly #patterns: readonly (readonly Component[])[];

  /** Patterns are clean, slash-separated, without `!`. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) =>
      pattern
        .split("/")
        .filter((part) => part !== "")
        .map(compilePart),
    );
  }

  /** Returns true when something below `directory` may match. */
  into(directory: string): boolean {
    const names = directory.split("/");
    return this.#patterns.some((parts) => leadsInto(parts, names));
  }
}

function compilePart(part: string): Component {
  if (part.includes("**")) return "anything";
  const elements = readGlob(part);
  // The matcher knows more about brackets than we do here: then nothing is left out.
  return elements === undefined ? "anything" : compileWildcards(elements);
}

function leadsInto(parts: readonly Component[], names: readonly string[]): boolean {
  for (const [depth, name] of names.entries()) {
    const part = parts[depth];
    // The pattern names a directory above: it matches everything below.
    if (part === undefined || part === "anything") return true;
    if (!part(name)) return false;
  }
  return true;
}
