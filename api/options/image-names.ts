/** Returns names of images without tags and digests. */
export function repositories(names: readonly string[]): ReadonlySet<string> {
  return new Set(names.map((name) => name.replace(/@.*$/, "").replace(/:[^/:]*$/, "")));
}
