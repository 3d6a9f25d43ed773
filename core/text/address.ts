/**
 * Returns true for a URL or a Git repository where a path could stand: `https://…`,
 * `git@host:path`, `github.com/…`.
 */
export function isAddress(path: string): boolean {
  return /^(?:[a-z][a-z0-9+-]*:\/\/|github\.com\/|[\w.-]+@[\w.-]+:)/i.test(path);
}

/** User and password of a URL in a text: up to the last `@` before the path, as URLs are read. */
const USERINFO = /(?<=\bhttps?:\/\/)[^/?#\s"'<>]*@/gi;

/** Returns a text without the users and passwords of the web addresses in it. */
export function withoutUserinfo(text: string): string {
  return text.includes("@") ? text.replace(USERINFO, "") : text;
}

/** Returns a text in which asterisks cover users and passwords, so that columns stay. */
export function coveredUserinfo(text: string): string {
  return text.includes("@") ? text.replace(USERINFO, (found) => `${"*".repeat(found.length - 1)}@`) : text;
}

/** Returns true for a text in which a web address has a user or password that is no variable. */
export function hasUserinfo(text: string): boolean {
  return text.match(USERINFO)?.some((found) => !found.includes("$")) ?? false;
}
