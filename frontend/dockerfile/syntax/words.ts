/**
 * Hand-written scanners for the parts of an instruction whose extent depends on quotes and escapes.
 * All read one line only.
 */

/**
 * A scanned piece: its value, with escapes resolved where the scanner resolves them, and the offset
 * after it.
 */
interface Scanned {
  readonly value: string;
  readonly end: number;
}

/** Returns the end of the line at `offset`. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end === -1 ? text.length : end;
}

/**
 * Scans a flag that begins with `--` at `offset`. Resolves quotes and backslashes, whatever the
 * file's escape character is. Returns undefined where no flag begins.
 */
export function scanFlag(text: string, offset: number): Scanned | undefined {
  if (!text.startsWith("--", offset)) return undefined;
  const end = lineEnd(text, offset);
  let value = "";
  let quote = "";
  let at = offset;
  for (; at < end; at++) {
    let char = text[at] as string;
    if (quote === "" && /\s/.test(char)) break;
    if (quote === "" && (char === "'" || char === '"')) {
      quote = char;
      continue;
    }
    if (char === quote) {
      quote = "";
      continue;
    }
    if (char === "\\") {
      if (at + 1 >= end) continue;
      char = text[++at] as string;
    }
    value += char;
  }
  return { value, end: at };
}

/**
 * Scans a word of ENV, LABEL or ARG. Quotes keep blanks together and stay in the value, as do
 * escapes; drops an escape character at the end of the line. Returns undefined at the end of the
 * line.
 */
export function scanQuotedWord(text: string, offset: number, escape: string): Scanned | undefined {
  const end = lineEnd(text, offset);
  let value = "";
  let quote = "";
  let at = offset;
  for (; at < end; at++) {
    const char = text[at] as string;
    if (quote === "") {
      if (/\s/.test(char)) break;
      if (char === "'" || char === '"') quote = char;
    } else if (char === quote) quote = "";
    if (char === escape && quote !== "'") {
      if (at + 1 >= end) continue;
      value += char + text[++at];
      continue;
    }
    value += char;
  }
  return at === offset ? undefined : { value, end: at };
}

export interface JsonArray {
  readonly end: number;
  /** Members; undefined when one is no string. */
  readonly values: readonly string[] | undefined;
}

/**
 * Scans a JSON array that begins at `offset` and fills the line. Returns undefined when the text is
 * no such array.
 */
export function scanJsonArray(text: string, offset: number): JsonArray | undefined {
  if (text[offset] !== "[") return undefined;
  const line = text.slice(offset, lineEnd(text, offset)).trimEnd();
  if (!line.endsWith("]")) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const strings = parsed.every((member): member is string => typeof member === "string");
  return { end: offset + line.length, values: strings ? (parsed as string[]).map(wellFormed) : undefined };
}

/** Replaces halves of characters, which escapes can name and UTF-8 cannot hold. */
function wellFormed(text: string): string {
  return text.replaceAll(/\p{Cs}/gu, "\uFFFD");
}

/** Returns the offset after an instruction's flags; `offset` is after its keyword. */
export function skipFlags(text: string, offset: number): number {
  let at = skipBlanks(text, offset);
  for (;;) {
    const flag = scanFlag(text, at);
    if (!flag) return at;
    at = skipBlanks(text, flag.end);
    if (flag.value === "--") return at;
  }
}

function skipBlanks(text: string, offset: number): number {
  let at = offset;
  while (at < text.length && text[at] !== "\n" && /\s/.test(text[at] as string)) at++;
  return at;
}
