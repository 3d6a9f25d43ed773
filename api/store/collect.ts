import { defaultRoot } from "../../cache/paths.js";
import { cacheBudget } from "../options/cache-budget.js";

/**
 * Brings a store below its budget, as `build` does by itself unless it is told `collect: false`: least recently used cached steps go, cache mounts and
 * images without a name when nobody used them for a time. Images with a name and what running builds use stay. Does nothing when
 * another process is at it. `ifDue`: nor when the store is not known to be over its budget, which costs a look at one row; for after a build that failed.
 */
export async function collect(
  options: { readonly root?: string; readonly cacheBudget?: number | string; readonly ifDue?: boolean } = {},
): Promise<void> {
  const root = options.root ?? defaultRoot(process.env);
  const budget = cacheBudget(root, options.cacheBudget ?? process.env["TSBUILD_CACHE_BUDGET"]);
  if (budget === undefined) return;
  const { collectToBudget } = await import("./auto-collect.js");
  await collectToBudget(root, budget, options.ifDue ?? false);
}
