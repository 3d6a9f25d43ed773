/**
 * Text from outside (file names, messages of registries, fields of images) is shown so that a
 * terminal obeys nothing in it and a CI runner reads no command in it. GitHub takes lines that
 * begin with `::`; Azure and GitHub take `##[` and `##vso[` anywhere in a line.
 */

/**
 * Control characters, line separators and characters that turn the direction of writing. The line
 * end is left to the caller.
 */
const UNSEEN = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const ANY_COMMAND = /##(?=\[|vso\[)/gi;
const LINE_COMMAND = /^(\s*)::/;

const NAMES: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** Returns `text` as one line, with invisible characters written as escapes, such as `\x1b`. */
export function printable(text: string): string {
  return withoutCommands(text.replaceAll(UNSEEN, escaped));
}

/** Returns `text` with its line ends and tabs, and each of its lines {@link printable}. */
export function printableLines(text: string): string {
  return text
    .split("\n")
    .map((line) => withoutCommands(line.replaceAll(UNSEEN, (char) => (char === "\t" ? char : escaped(char)))))
    .join("\n");
}

/** Returns one line without anything that a CI runner takes for a command. */
export function withoutCommands(line: string): string {
  return line.replace(LINE_COMMAND, "$1\\x3a:").replaceAll(ANY_COMMAND, "#\\x23");
}

/** Returns the escape of an invisible character. */
export function escaped(char: string): string {
  const code = char.codePointAt(0) as number;
  return NAMES[char] ?? (code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u{${code.toString(16)}}`);
}
