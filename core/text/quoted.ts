/**
 * Returns the offset behind a quoted text whose quote stands at `start`. Returns undefined when it
 * is not closed. A backslash takes the next character with it. Note that we use no pattern,
 * because one with alternatives keeps a place on its stack for each character, and fails for a
 * text of some million.
 */
export function endOfQuoted(text: string, start: number): number | undefined {
  const quote = text.charAt(start);
  let escape = text.indexOf("\\", start + 1);
  for (let end = text.indexOf(quote, start + 1); end !== -1; ) {
    if (escape === -1 || escape > end) return end + 1;
    const next = escape + 2;
    if (next > end) end = text.indexOf(quote, next);
    escape = text.indexOf("\\", next);
  }
  return undefined;
}

/** Yields the quoted texts of JSON that is known to be right, with their quotes. */
export function* quotedTexts(json: string): Generator<{ readonly index: number; readonly text: string }, void> {
  for (let at = json.indexOf('"'); at !== -1; ) {
    const end = endOfQuoted(json, at);
    if (end === undefined) return;
    yield { index: at, text: json.slice(at, end) };
    at = json.indexOf('"', end);
  }
}
