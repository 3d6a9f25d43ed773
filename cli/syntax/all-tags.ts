import { UsageError } from "../exit-codes.js";

/** Throws `cli/all-tags` unless the operand of `--all-tags` is a repository. */
export function requireRepository(name: string): void {
  const tag = /[:@][^/]*$/.exec(name)?.[0];
  if (tag === undefined) return;
  throw new UsageError("cli/all-tags", `Cannot use --all-tags with "${name}": it names one image`, { hint: `leave out "${tag}"` });
}
