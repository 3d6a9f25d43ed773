import { escaped, withoutCommands } from "../../core/text/printable.js";
import { utf8 } from "./latin1.js";

/** Colours, moves of the cursor, titles of windows. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
const SEQUENCE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]*[0-~])?/g;
/**
 * Control characters but tabs, as Latin-1 and as UTF-8: also those above 0x7f, and those that turn
 * the direction of writing.
 */
const CONTROL = /[^\P{Cc}\t\u0080-\u009f]|\u00c2[\u0080-\u009f]|\u00e2\u0080[\u00a8-\u00ae]|\u00e2\u0081[\u00a6-\u00a9]/gu;

/**
 * Returns a line of a failed step's output for its error message, in Latin-1 with one character a
 * byte: as a terminal would show it in the end, without colours.
 */
export function repeated(line: string): string {
  const end = line.replace(/\r+$/, "");
  const shown = end.slice(end.lastIndexOf("\r") + 1).replaceAll(SEQUENCE, "");
  return withoutCommands(shown.replaceAll(CONTROL, (char) => escaped(utf8(char))));
}
