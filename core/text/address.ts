/**
 * Returns true for a URL or a Git repository where a path could stand: `https://…`,
 * `git@host:path`, `github.com/…`.
 */
export function isAddress(path: string): boolean {
  return /^(?:[a-z][a-z0-9+-]*:\/\/|github\.com\/|[\w.-]+@[\w.-]+:)/i.test(path);
}
