/**
 * Characters in JSON that a terminal or a CI runner obeys. JSON itself escapes only those below a
 * blank.
 */
const OBEYED = /(?<=#)#|[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/**
 * Returns `value` as JSON that can be shown. Escapes the characters that would be obeyed, which
 * leaves the JSON equal.
 */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(OBEYED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
