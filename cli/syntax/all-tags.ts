import { UsageError } from "../exit-codes.js";

/** With `--all-tags` the operand must be a repository. Throws `cli/all-tags`. */
export function requireRepository(name: string): void {
  const tag = /[:@][^/]*$/.exec(name)?.[0];
  if (tag === undefined) return;
  throw new UsageError("cli/all-tags", `Cannot use --all-tags with "${name}": it names one image`, { hint: `leave out "${tag}"` });
}
