/** One element of a pattern. The dialects of wildcards share these. */
export type Wildcard =
  /** One given character. */
  | { readonly kind: "literal"; readonly char: string }
  /** Any one character but a slash: `?`. */
  | { readonly kind: "one" }
  /** One character of a set, in the syntax of a RegExp with the `u` flag: `[a-z]`. */
  | { readonly kind: "set"; readonly source: string }
  /** Any number of characters but slashes: `*`. */
  | { readonly kind: "run" }
  /** Any number of characters: `**` at the end. */
  | { readonly kind: "path" }
  /** Any number of directories, also none: `**` before a name. */
  | { readonly kind: "directories" };

/**
 * Compiles a pattern that has to match a whole text. Throws a SyntaxError for a set that is none.
 *
 * Note that only patterns with few wildcards become a RegExp, because V8 tries every way to share
 * the text among the wildcards: each one more multiplies the time by the length of the text. A
 * pattern with many of them takes time in proportion to its length times that of the text.
 */
export function compileWildcards(pattern: readonly Wildcard[]): (text: string) => boolean {
  const unbounded = pattern.filter(({ kind }) => kind === "run" || kind === "path" || kind === "directories").length;
  if (unbounded > MAX_FOR_REGEXP) {
    const states = compileStates(pattern);
    return (text) => simulate(states, text);
  }
  const regexp = new RegExp(`^${pattern.map(regExpSource).join("")}$`, "su");
  return (text) => regexp.test(text);
}

/**
 * Wildcards without an upper bound that a RegExp still handles in time. Two of them cost at most
 * the square of a path's length.
 */
const MAX_FOR_REGEXP = 2;

function regExpSource(element: Wildcard): string {
  switch (element.kind) {
    case "literal":
      return `\\u{${(element.char.codePointAt(0) as number).toString(16)}}`;
    case "one":
      return "[^/]";
    case "set":
      return element.source;
    case "run":
      return "[^/]*";
    case "path":
      return ".*";
    case "directories":
      return "(?:.*/)?";
  }
}

/** A place in a pattern. The next character leads from it to the place after it, or back to it. */
export interface State {
  /** Returns true when the character leads to the next state. Undefined when none does. */
  readonly advance: ((char: string) => boolean) | undefined;
  /** Returns true when the character leads back to this state. Undefined when none does. */
  readonly stay: ((char: string) => boolean) | undefined;
  /** Indexes of the states that are reached without a character. */
  readonly free: readonly number[];
}

/**
 * Turns a pattern into states. A text matches when its end reaches the place after the last one.
 */
export function compileStates(pattern: readonly Wildcard[]): readonly State[] {
  const states: State[] = [];
  const isNoSlash = (char: string): boolean => char !== "/";
  const isAny = (): boolean => true;
  for (const element of pattern) {
    const at = states.length;
    switch (element.kind) {
      case "literal":
        states.push({ advance: (char) => char === element.char, stay: undefined, free: [] });
        break;
      case "one":
        states.push({ advance: isNoSlash, stay: undefined, free: [] });
        break;
      case "set": {
        const set = new RegExp(`^${element.source}$`, "su");
        states.push({ advance: (char) => set.test(char), stay: undefined, free: [] });
        break;
      }
      case "run":
        states.push({ advance: undefined, stay: isNoSlash, free: [at + 1] });
        break;
      case "path":
        states.push({ advance: undefined, stay: isAny, free: [at + 1] });
        break;
      case "directories":
        // The directories are passed over, or left after a slash.
        states.push({ advance: undefined, stay: undefined, free: [at + 1, at + 2] });
        states.push({ advance: (char) => char === "/", stay: isAny, free: [] });
        break;
    }
  }
  return states;
}

/**
 * Follows all ways through the states side by side. Calls `visited` for each state that a character
 * meets.
 */
export function simulate(states: readonly State[], text: string, visited?: () => void): boolean {
  let places = new Set<number>();
  enter(states, 0, places);
  for (const char of text) {
    const next = new Set<number>();
    for (const place of places) {
      visited?.();
      const state = states[place];
      if (state?.stay?.(char)) enter(states, place, next);
      if (state?.advance?.(char)) enter(states, place + 1, next);
    }
    if (next.size === 0) return false;
    places = next;
  }
  return places.has(states.length);
}

function enter(states: readonly State[], place: number, places: Set<number>): void {
  if (places.has(place)) return;
  places.add(place);
  for (const free of states[place]?.free ?? []) enter(states, free, places);
}
