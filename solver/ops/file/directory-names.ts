/** Adds a path, and the directories above it, to the names by directory. */
export function addNames(byDirectory: Map<string, Set<string>>, path: string): void {
  for (let at = path; at !== ""; ) {
    const slash = at.lastIndexOf("/");
    const directory = slash === -1 ? "" : at.slice(0, slash);
    const names = byDirectory.get(directory);
    const name = at.slice(slash + 1);
    if (names?.has(name)) break;
    if (names) names.add(name);
    else byDirectory.set(directory, new Set([name]));
    at = directory;
  }
}
