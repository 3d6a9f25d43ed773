import { defaultRoot } from "../../cache/paths.js";
import { cacheBudget } from "../options/cache-budget.js";

/**
 * Brings a store below its budget, as `build` does by itself unless `collect` is false. Removes
 * least recently used cached steps, and cache mounts and images without a name that nobody used for
 * a time. Keeps images with a name and parts that running builds use. Does nothing while another
 * process collects. `ifDue` also does nothing unless the store is known to be over its budget,
 * which costs a read of one row; it is for the time after a failed build.
 */
export async function collect(
  options: { readonly root?: string; readonly cacheBudget?: number | string; readonly ifDue?: boolean } = {},
): Promise<void> {
  const root = options.root ?? defaultRoot(process.env);
  const budget = cacheBudget(root, options.cacheBudget ?? process.env["TSBUILD_CACHE_BUDGET"]);
  if (budget === undefined) return;
  await collectBelow({ root, budget, ifDue: options.ifDue ?? false });
}

/** Brings the store at `root` below a budget, in bytes; see {@link collect}. */
export async function collectBelow(store: { readonly root: string; readonly budget: number; readonly ifDue: boolean }): Promise<void> {
  const { collectToBudget } = await import("./auto-collect.js");
  await collectToBudget(store.root, store.budget, store.ifDue);
}
