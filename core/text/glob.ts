import type { Wildcard } from "./wildcards.js";

/** Reads a pattern of Go's `path.Match`; undefined when its brackets or escapes are not closed. */
export function readGlob(pattern: string): readonly Wildcard[] | undefined {
  const chars = [...pattern];
  const elements: Wildcard[] = [];
  for (let at = 0; at < chars.length; ) {
    const char = chars[at++] as string;
    if (char === "*") elements.push({ kind: "run" });
    else if (char === "?") elements.push({ kind: "one" });
    else if (char === "[") {
      const set = readSet(chars, at);
      if (set === undefined) return undefined;
      elements.push({ kind: "set", source: set.source });
      at = set.end;
    } else {
      const literal = char === "\\" ? chars[at++] : char;
      if (literal === undefined) return undefined;
      elements.push({ kind: "literal", char: literal });
    }
  }
  return elements;
}

/** Reads what follows an opening bracket, up to the closing one; undefined when it is no set. */
function readSet(chars: readonly string[], start: number): { readonly source: string; readonly end: number } | undefined {
  const complement = chars[start] === "^";
  let at = complement ? start + 1 : start;
  let members = "";
  for (let first = true; first || chars[at] !== "]"; first = false) {
    const low = readMember(chars, at);
    if (low === undefined) return undefined;
    const high = chars[low.end] === "-" ? readMember(chars, low.end + 1) : low;
    if (high === undefined) return undefined;
    // Go's empty range matches nothing; a RegExp refuses it.
    if (low.code <= high.code) members += `\\u{${low.code.toString(16)}}-\\u{${high.code.toString(16)}}`;
    at = high.end;
  }
  return { source: `[${complement ? "^" : ""}${members}]`, end: at + 1 };
}

/** Reads one character of a set, which may be escaped; something has to follow it. */
function readMember(chars: readonly string[], start: number): { readonly code: number; readonly end: number } | undefined {
  const char = chars[start];
  if (char === undefined || char === "-" || char === "]") return undefined;
  const at = char === "\\" ? start + 1 : start;
  const literal = chars[at];
  return literal === undefined || at + 1 >= chars.length ? undefined : { code: literal.codePointAt(0) as number, end: at + 1 };
}
