/** What a terminal or a runner of CI jobs would obey in JSON; JSON itself escapes only what is below a blank. */
const OBEYED = /(?<=#)#|[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

/** Returns `value` as JSON that can be shown: what would be obeyed is escaped, which leaves it the same JSON. */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replaceAll(OBEYED, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
