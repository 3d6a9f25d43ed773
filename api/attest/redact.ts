/** User and password of an address in a text, whatever its scheme. */
const USERINFO = /(?<=\b[a-z][a-z0-9+.-]*:\/\/)[^/?#\s"'<>@]*:[^/?#\s"'<>]*@|(?<=\bhttps?:\/\/)[^/?#\s"'<>]*@/gi;

/** Returns a text without the users and passwords of the addresses in it. */
export function redactedText(text: string): string {
  return text.includes("@") ? text.replace(USERINFO, "xxxxx:xxxxx@") : text;
}

/** Returns a JSON value whose texts are without users and passwords of addresses. */
export function redacted<T>(value: T): T {
  if (typeof value === "string") return redactedText(value) as T & string;
  if (Array.isArray(value)) return value.map((item: unknown) => redacted(item)) as T & unknown[];
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, redacted(item as unknown)])) as T;
}
