import { tagBesideAllTags } from "./errors.js";

/** Throws `cli/all-tags` unless the operand of `--all-tags` is a repository. */
export function requireRepository(name: string): void {
  const tag = /[:@][^/]*$/.exec(name)?.[0];
  if (tag === undefined) return;
  throw tagBesideAllTags(name, tag);
}
