/** One character of a pattern: itself, or any but a line end. */
type Token = string | typeof ONE;

const ONE = Symbol("?");

/**
 * Character comparisons that one use of a pattern may take: about a second. Real values and
 * patterns take a few thousand.
 */
const LIMIT = 1 << 27;

/**
 * A shell wildcard: `*` matches any characters of a line, `?` one, `\` escapes these two and
 * itself; there are no bracket sets. Matching never goes back over a `*`: a part between two of
 * them is put as early as possible, which leaves the most to the parts behind it.
 */
export class Wildcard {
  /** Parts before, between and after the stars. */
  readonly #parts: readonly (readonly Token[])[];
  #steps = 0;

  private constructor(parts: readonly (readonly Token[])[]) {
    this.#parts = parts;
  }

  /** Reads a pattern. Throws a `SyntaxError` for any other escape. */
  static parse(pattern: string): Wildcard {
    const chars = [...pattern];
    const parts: Token[][] = [[]];
    const add = (token: Token): void => void parts[parts.length - 1]?.push(token);
    for (let i = 0; i < chars.length; i++) {
      const char = chars[i] as string;
      if (char === "*") parts.push([]);
      else if (char === "?") add(ONE);
      else if (char === "\\") {
        // `}` and `/` had to be escaped to be part of ${…}: that escape is not the pattern's.
        if (chars[i + 1] === "}" || chars[i + 1] === "/") continue;
        const escaped = chars[++i];
        if (escaped !== "*" && escaped !== "?" && escaped !== "\\") throw new SyntaxError(`nothing to escape in "\\${escaped ?? ""}"`);
        add(escaped);
      } else add(char);
    }
    return new Wildcard(parts);
  }

  /** Returns the pattern for values that are read from their end. */
  reversed(): Wildcard {
    return new Wildcard(this.#parts.map((part) => part.toReversed()).toReversed());
  }

  /**
   * Returns the end of the shortest or longest match that begins at `from`. Without one, returns
   * `line` when none begins later in this line either, else `here`. Throws a `SyntaxError` when it
   * takes too long.
   */
  match(chars: readonly string[], from: number, longest: boolean): number | "here" | "line" {
    const [first = [], ...rest] = this.#parts;
    if (!this.#fits(first, chars, from)) return "here";
    let at = from + first.length;
    for (const [index, part] of rest.entries()) {
      const found = this.#find(part, chars, at, longest && index === rest.length - 1);
      if (found === undefined) return "line";
      at = found + part.length;
    }
    return at;
  }

  /** Returns the first or last place of a part that a star at `from` can reach. */
  #find(part: readonly Token[], chars: readonly string[], from: number, last: boolean): number | undefined {
    let found: number | undefined;
    for (let at = from; at <= chars.length - part.length; at++) {
      if (this.#fits(part, chars, at)) {
        found = at;
        if (!last) break;
      }
      if (chars[at] === "\n") break;
    }
    return found;
  }

  #fits(part: readonly Token[], chars: readonly string[], at: number): boolean {
    if (at + part.length > chars.length) return false;
    for (let i = 0; i < part.length; i++) {
      const char = chars[at + i];
      if (part[i] === ONE ? char === "\n" : part[i] !== char) return this.#count(i + 1, false);
    }
    return this.#count(part.length + 1, true);
  }

  #count(steps: number, result: boolean): boolean {
    this.#steps += steps;
    if (this.#steps > LIMIT) throw new SyntaxError("it takes too long to match");
    return result;
  }
}

/** Returns `value` without the shortest or longest prefix that matches. */
export function trimPrefix(value: string, pattern: string, longest: boolean): string {
  const chars = [...value];
  const end = Wildcard.parse(pattern).match(chars, 0, longest);
  return typeof end === "number" ? chars.slice(end).join("") : value;
}

/** Returns `value` without the shortest or longest suffix that matches. */
export function trimSuffix(value: string, pattern: string, longest: boolean): string {
  const chars = [...value].reverse();
  const end = Wildcard.parse(pattern).reversed().match(chars, 0, longest);
  return typeof end === "number" ? chars.slice(end).reverse().join("") : value;
}

/** Returns `value` with the first longest match, or all of them, replaced. */
export function replaceMatches(value: string, pattern: string, replacement: string, all: boolean): string {
  const wildcard = Wildcard.parse(pattern);
  const chars = [...value];
  const out: string[] = [];
  let matched = -1;
  for (let at = 0; at <= chars.length; ) {
    const end = wildcard.match(chars, at, true);
    if (typeof end === "number") {
      // An empty match right after a match does not count.
      if (end > at || matched !== at) out.push(replacement);
      if (end === at && at < chars.length) out.push(chars[at] as string);
      const next = end === at ? at + 1 : end;
      if (!all) return out.concat(chars.slice(next)).join("");
      matched = end;
      at = next;
      if (at === chars.length && matched === at) break;
      continue;
    }
    const next = end === "line" ? lineEnd(chars, at) + 1 : at + 1;
    for (; at < Math.min(next, chars.length); at++) out.push(chars[at] as string);
    at = next;
  }
  return out.join("");
}

function lineEnd(chars: readonly string[], from: number): number {
  const end = chars.indexOf("\n", from);
  return end === -1 ? chars.length : end;
}
