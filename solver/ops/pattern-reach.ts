/**
 * Which directories a set of patterns can match something in, judged by the part of each pattern before its first wildcard. Lets a walk leave out
 * what no pattern can reach.
 */
export class PatternReach {
  readonly #patterns: readonly { readonly prefix: string; readonly exact: boolean }[];

  /** Clean, slash-separated patterns without `!`. */
  constructor(patterns: readonly string[]) {
    this.#patterns = patterns.map((pattern) => {
      const parts = pattern.split("/").filter((part) => part !== "");
      const wild = parts.findIndex((part) => /[*?[\\^]/.test(part));
      return wild === -1 ? { prefix: parts.join("/"), exact: true } : { prefix: parts.slice(0, wild).join("/"), exact: false };
    });
  }

  /** Whether something below `directory` may match, given that the directory itself does not. */
  into(directory: string): boolean {
    const below = `${directory}/`;
    return this.#patterns.some(
      ({ prefix, exact }) => `${prefix}/`.startsWith(below) || (!exact && (prefix === "" || below.startsWith(`${prefix}/`))),
    );
  }
}
