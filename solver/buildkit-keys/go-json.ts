/**
 * Returns JSON as Go's `encoding/json` writes it, for values that BuildKit hashes in that form.
 * Members stand in the order of the Go struct; {@link omitEmpty} drops those that its tags omit.
 * Returns undefined for text that is not valid Unicode, whose replacement in Go is unknown here.
 */
export function goJson(value: unknown): string | undefined {
  const text = JSON.stringify(value);
  if (!isWellFormed(value)) return undefined;
  return text.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** Drops the members that hold the zero value of their Go type, as `omitempty` does. */
export function omitEmpty(members: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => !isEmpty(value)));
}

/** Drops such members, and those of the messages inside. A message without members stays. */
export function omitEmptyWithin(message: object): Record<string, unknown> {
  const inner = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(inner);
    return typeof value === "object" && value !== null ? omitEmptyWithin(value) : value;
  };
  return omitEmpty(Object.fromEntries(Object.entries(message).map(([name, value]) => [name, inner(value)])));
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === "" || value === 0 || value === false || (Array.isArray(value) && value.length === 0);
}

function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return !LONE_SURROGATE.test(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isWellFormed);
}

const LONE_SURROGATE = /\p{Surrogate}/u;
