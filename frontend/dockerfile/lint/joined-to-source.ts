/**
 * For every character of an instruction's text the offset in the file's text it comes from: continuations, and the comments and empty lines among
 * them, are passed over. Undefined when the two do not fit.
 */
export function joinedToSource(joined: string, source: string, escape: string): readonly number[] | undefined {
  if (joined === source) return Array.from(joined, (_, i) => i);
  const continuation = new RegExp(`\\${escape}[ \\t]*\\r*\\n(?:[ \\t]*(?:#[^\\n]*)?\\r*\\n)*`, "y");
  const places: number[] = [];
  let at = 0;
  for (let i = 0; i < joined.length; i++) {
    for (;;) {
      continuation.lastIndex = at;
      const match = continuation.exec(source);
      if (!match) break;
      at += match[0].length;
    }
    if (source[at] !== joined[i]) return undefined;
    places.push(at++);
  }
  return places;
}
