import type { FileTree } from "../../../oci/layer/toc.js";
import { badPattern } from "./errors.js";

/** Whether Go's `filepath.Match` would see a wildcard in `name`; `\` takes the meaning from the character after it. */
export function hasWildcard(name: string): boolean {
  return /(?:^|[^\\])(?:\\\\)*[*?[]/s.test(name);
}

/** The part of an absolute path before its first component with a wildcard, and the components from there on (none: no wildcard). */
export function splitWildcards(path: string): { readonly prefix: string; readonly patterns: readonly string[] } {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const first = parts.findIndex(hasWildcard);
  return first === -1
    ? { prefix: parts.join("/"), patterns: [] }
    : { prefix: parts.slice(0, first).join("/"), patterns: parts.slice(first) };
}

/**
 * Paths below `directory` whose components match `patterns` one by one, in order of a walk. Symlinks on the way are not followed; whoever copies
 * a match follows it then.
 */
export function expandWildcards(tree: FileTree, directory: string, patterns: readonly string[]): readonly string[] {
  const [pattern, ...rest] = patterns;
  if (pattern === undefined) return [directory];
  const matches = compileComponent(pattern);
  const out: string[] = [];
  for (const name of tree.children(directory)) {
    if (matches(name)) out.push(...expandWildcards(tree, directory === "" ? name : `${directory}/${name}`, rest));
  }
  return out;
}

/** Go's `filepath.Match` for one component, as a test. Throws `copy/bad-pattern`. */
export function compileComponent(pattern: string): (name: string) => boolean {
  const chars = [...pattern];
  let expression = "";
  let at = 0;
  const member = (): string => {
    const char = chars[at];
    if (char === undefined || char === "-" || char === "]") throw badPattern(pattern);
    const literal = char === "\\" ? chars[++at] : char;
    at++;
    if (literal === undefined || at >= chars.length) throw badPattern(pattern);
    return `\\u{${(literal.codePointAt(0) as number).toString(16)}}`;
  };
  while (at < chars.length) {
    const char = chars[at++] as string;
    if (char === "*") expression += ".*";
    else if (char === "?") expression += ".";
    else if (char === "[") {
      let set = "";
      if (chars[at] === "^") {
        at++;
        set = "^";
      }
      for (let first = true; first || chars[at] !== "]"; first = false) {
        const low = member();
        if (chars[at] !== "-") {
          set += low;
          continue;
        }
        at++;
        const high = member();
        // Go's empty range matches nothing; a RegExp refuses it.
        if (Number.parseInt(low.slice(3), 16) <= Number.parseInt(high.slice(3), 16)) set += `${low}-${high}`;
      }
      at++;
      expression += set === "" ? "(?!)" : `[${set}]`;
    } else {
      const literal = char === "\\" ? chars[at++] : char;
      if (literal === undefined) throw badPattern(pattern);
      expression += `\\u{${(literal.codePointAt(0) as number).toString(16)}}`;
    }
  }
  const regexp = new RegExp(`^${expression}$`, "su");
  return (name) => regexp.test(name);
}
