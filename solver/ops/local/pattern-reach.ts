import { readGlob } from "../../../core/text/glob.js";
import { compileWildcards } from "../../../core/text/wildcards.js";

/** Tells for one component of a path whether it can lead on; "anything" where a pattern crosses slashes. */
type Component = ((name: string) => boolean) | "anything";

/**
 * Which directories a set of patterns can match something in, judged component by component. Lets a walk leave out what no pattern can reach, and
 * never read a directory there.
 */
export class PatternReach {
  readonly #patterns: readonly (readonly Component[])[];

  /** Clean, slash-separated patterns without `!`. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) =>
      pattern
        .split("/")
        .filter((part) => part !== "")
        .map(compilePart),
    );
  }

  /** Whether something below `directory` may match. */
  into(directory: string): boolean {
    const names = directory.split("/");
    return this.#patterns.some((parts) => leadsInto(parts, names));
  }
}

function compilePart(part: string): Component {
  if (part.includes("**")) return "anything";
  const elements = readGlob(part);
  // The matcher knows more of brackets than we do here: then nothing is left out.
  return elements === undefined ? "anything" : compileWildcards(elements);
}

function leadsInto(parts: readonly Component[], names: readonly string[]): boolean {
  for (const [depth, name] of names.entries()) {
    const part = parts[depth];
    // The pattern names a directory above: it matches all that is below.
    if (part === undefined || part === "anything") return true;
    if (!part(name)) return false;
  }
  return true;
}
