/** Returns true when ADD fetches a source: a URL or a Git repository. */
export function isRemote(source: string): boolean {
  return /^(https?:\/\/|git:\/\/|ssh:\/\/|git@)/.test(source);
}

/** Returns true when a source is fetched with Git. Its commit or tag is in the fragment. */
export function isGit(source: string): boolean {
  return /^(git:\/\/|ssh:\/\/|git@)/.test(source) || /^https?:\/\/[^#?]*\.git([#?]|$)/.test(source);
}
