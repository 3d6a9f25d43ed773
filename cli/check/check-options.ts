import type { BuildOptions, CheckOptions } from "../../api/options/options.js";
import { BUILD_OPTIONS } from "../../api/options/table.js";

/** Returns the options of a build that a check takes. */
export function checkOptionsOf(options: BuildOptions): CheckOptions {
  const checked: Readonly<Record<string, { readonly checked?: boolean }>> = BUILD_OPTIONS;
  return Object.fromEntries(Object.entries(options).filter(([name, value]) => checked[name]?.checked && value !== undefined));
}
