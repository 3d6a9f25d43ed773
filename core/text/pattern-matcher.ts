import { compileWildcards, type Wildcard } from "./wildcards.js";

/**
 * `.dockerignore` matching: a port of moby/patternmatcher, whose table of cases decides. Paths are
 * relative, clean and slash-separated. Unlike gitignore, a pattern names a path from the root, the
 * last pattern that matches wins, and `!` includes paths below an excluded directory again.
 */
export class PatternMatcher {
  readonly patterns: readonly Pattern[];
  /** True when any pattern begins with `!`: an excluded directory must still be walked then. */
  readonly hasExclusions: boolean;

  /** Throws a {@link PatternSyntaxError} for a pattern that cannot be matched. */
  constructor(patterns: readonly string[]) {
    this.patterns = patterns.flatMap((text) => compilePattern(text) ?? []);
    this.hasExclusions = this.patterns.some((pattern) => pattern.exclusion);
  }

  /** Returns true when `path`, or a directory above it, is matched. */
  matches(path: string): boolean {
    return this.matchesUsingParent(path).matched;
  }

  /**
   * Matches a path during a walk. `parent` is the info that was returned for the directory of
   * `path`; with it, the directories above are not matched again. Entries at the root have no
   * parent.
   */
  matchesUsingParent(path: string, parent?: MatchInfo): { readonly matched: boolean; readonly info: MatchInfo } {
    const info: boolean[] = new Array(this.patterns.length);
    let matched = false;
    for (let i = 0; i < this.patterns.length; i++) {
      const pattern = this.patterns[i] as Pattern;
      let hit = parent?.[i] ?? false;
      if (!hit) {
        // A pattern that cannot change the answer is skipped, and counts as no match for the
        // entries below.
        if (pattern.exclusion !== matched) {
          info[i] = false;
          continue;
        }
        hit = pattern.test(path) || (parent === undefined && matchesParent(pattern, path));
      }
      info[i] = hit;
      if (hit) matched = !pattern.exclusion;
    }
    return { matched, info };
  }
}

/** Result that a walk passes from a directory to its entries: one flag for each pattern. */
export type MatchInfo = readonly boolean[];

interface Pattern {
  /** Text after cleaning, without `!`. */
  readonly text: string;
  readonly exclusion: boolean;
  test(path: string): boolean;
}

export class PatternSyntaxError extends Error {
  readonly pattern: string;
  override readonly name = "PatternSyntaxError";
  constructor(pattern: string) {
    super(
      `Cannot use "${pattern}" as a pattern: ${pattern.trim() === "!" ? "nothing follows the !" : "its brackets or escapes are not closed"}`,
    );
    this.pattern = pattern;
  }
}

function matchesParent(pattern: Pattern, path: string): boolean {
  for (let slash = path.indexOf("/"); slash !== -1; slash = path.indexOf("/", slash + 1)) {
    if (pattern.test(path.slice(0, slash))) return true;
  }
  return false;
}

function compilePattern(source: string): Pattern | undefined {
  const trimmed = source.trim();
  if (trimmed === "") return undefined;
  let text = cleanPath(trimmed);
  const exclusion = text.startsWith("!");
  if (exclusion) {
    if (text.length === 1) throw new PatternSyntaxError(source);
    text = text.slice(1);
  }
  if (!isGoPattern(text)) throw new PatternSyntaxError(source);
  return { text, exclusion, test: compileTest(text, source) };
}

type Shape = "exact" | "prefix" | "suffix" | "wildcards";

function compileTest(text: string, source: string): (path: string) => boolean {
  const { shape, elements } = readElements([...text]);
  switch (shape) {
    case "exact":
      return (path) => path === text;
    case "prefix": {
      const prefix = text.slice(0, text.endsWith("/") ? -3 : -2);
      return (path) => path.startsWith(prefix);
    }
    case "suffix": {
      const suffix = text.slice(2);
      return (path) => path.endsWith(suffix) || (suffix.startsWith("/") && path === suffix.slice(1));
    }
    case "wildcards":
      try {
        return compileWildcards(elements);
      } catch {
        throw new PatternSyntaxError(source);
      }
  }
}

/** Reads a pattern whose brackets and escapes are known to be complete. */
function readElements(chars: readonly string[]): { readonly shape: Shape; readonly elements: readonly Wildcard[] } {
  const elements: Wildcard[] = [];
  let shape: Shape = "exact";
  for (let at = 0; at < chars.length; ) {
    const stars = chars[at] === "*" && chars[at + 1] === "*";
    const { element, next } = stars ? readStars(chars, at) : readElement(chars, at);
    // `**` at the end of a pattern without other wildcards is only a prefix.
    if (stars && element.kind === "path" && shape === "exact") shape = "prefix";
    else {
      elements.push(element);
      if (element.kind !== "literal" || chars[at] === "\\" || chars[at] === "]") shape = "wildcards";
    }
    if (stars && at === 0) shape = "suffix";
    at = next;
  }
  return { shape, elements };
}

interface Read {
  readonly element: Wildcard;
  /** Index of the character after the element. */
  readonly next: number;
}

/** Reads `**`, which matches directories, or everything at the end of a pattern. */
function readStars(chars: readonly string[], at: number): Read {
  // `**/` equals `**`: it matches any number of directories, also none.
  const next = chars[at + 2] === "/" ? at + 3 : at + 2;
  return { element: { kind: next < chars.length ? "directories" : "path" }, next };
}

function readElement(chars: readonly string[], at: number): Read {
  const char = chars[at] as string;
  switch (char) {
    case "*":
      return { element: { kind: "run" }, next: at + 1 };
    case "?":
      return { element: { kind: "one" }, next: at + 1 };
    case "\\":
      return { element: { kind: "literal", char: chars[at + 1] as string }, next: at + 2 };
    case "[": {
      const end = endOfSet(chars, at);
      return { element: { kind: "set", source: setSource(chars.slice(at + 1, end)) }, next: end + 1 };
    }
    default:
      return { element: { kind: "literal", char }, next: at + 1 };
  }
}

/** Returns the index of the bracket that closes the set which opens at `start`. */
function endOfSet(chars: readonly string[], start: number): number {
  let at = start + 1;
  while (chars[at] !== "]") at += chars[at] === "\\" ? 2 : 1;
  return at;
}

/**
 * Returns the inside of a set in the syntax of a RegExp. Escapes the characters that are special
 * only there.
 */
function setSource(chars: readonly string[]): string {
  let source = "";
  for (let i = 0; i < chars.length; i++) {
    const char = chars[i] as string;
    if (char === "\\") source += escaped(chars[++i] as string);
    else if (char === "-" || (char === "^" && i === 0)) source += char;
    else source += escaped(char);
  }
  return `[${source}]`;
}

function escaped(char: string): string {
  return `\\u{${(char.codePointAt(0) as number).toString(16)}}`;
}

/**
 * Cleans a path as Go's `filepath.Clean` does for slash-separated paths: no `.`, no `..` inside, no
 * double or trailing slash.
 */
export function cleanPath(path: string): string {
  if (path === "") return ".";
  const rooted = path.startsWith("/");
  const out: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === ".." && out.length > 0 && out[out.length - 1] !== "..") out.pop();
    else if (part !== ".." || !rooted) out.push(part);
  }
  return (rooted ? "/" : "") + out.join("/") || (rooted ? "/" : ".");
}

/**
 * Returns true when Go's `filepath.Match` accepts `text` as a pattern: brackets closed and not
 * empty, escapes complete, ranges with two ends.
 */
function isGoPattern(text: string): boolean {
  const chars = [...text];
  let i = 0;
  const member = (): boolean => {
    if (i >= chars.length || chars[i] === "-" || chars[i] === "]") return false;
    if (chars[i] === "\\") i++;
    return i++ < chars.length && i < chars.length;
  };
  while (i < chars.length) {
    if (chars[i] === "\\") {
      if (i + 1 >= chars.length) return false;
      i += 2;
    } else if (chars[i] === "[") {
      i++;
      if (chars[i] === "^") i++;
      for (let members = 0; ; members++) {
        if (chars[i] === "]" && members > 0) break;
        if (!member()) return false;
        if (chars[i] === "-") {
          i++;
          if (!member()) return false;
        }
      }
      i++;
    } else i++;
  }
  return true;
}
