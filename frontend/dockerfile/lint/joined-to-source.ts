/**
 * Returns for every character of an instruction's text its offset in the file's text.
 * Continuations, and the comments and empty lines among them, are skipped. Returns undefined when
 * the two do not fit.
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
