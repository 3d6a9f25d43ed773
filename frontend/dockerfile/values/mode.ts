const SYMBOLIC_MODE = /^[ugoa]*(?:[-+=](?:[rwxXstugo]*|[0-7]+))+$/;
const LARGEST_MODE = 0o7777;

/**
 * Reads a mode for chmod: a number for octal digits, the text itself for a symbolic one, undefined
 * for neither.
 */
export function parseMode(text: string): number | string | undefined {
  if (/^[0-7]+$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    return mode <= LARGEST_MODE ? mode : undefined;
  }
  return text !== "" && text.split(",").every((clause) => SYMBOLIC_MODE.test(clause)) ? text : undefined;
}
