/** Returns a canonical name as docker shows it: without `docker.io/library/` or `docker.io/`. */
export function familiarName(name: string): string {
  return name.replace(/^docker\.io\/(library\/)?/, "");
}

/**
 * Returns repository and tag of a canonical name, with `<none>` for a missing one, as docker prints
 * it.
 */
export function splitName(name: string | undefined): { readonly repository: string; readonly tag: string } {
  if (name === undefined) return { repository: "<none>", tag: "<none>" };
  const familiar = familiarName(name).replace(/@.*$/, "");
  const at = familiar.lastIndexOf(":");
  if (at <= familiar.lastIndexOf("/")) return { repository: familiar, tag: "<none>" };
  return { repository: familiar.slice(0, at), tag: familiar.slice(at + 1) };
}

/** Returns the first twelve hex digits of an id, or the whole id with its algorithm. */
export function shownId(id: string, full: boolean): string {
  return full ? id : id.replace(/^sha256:/, "").slice(0, 12);
}
