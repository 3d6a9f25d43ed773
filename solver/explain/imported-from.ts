import { canonicalJson } from "../../core/canonical.js";
import { readComponents } from "./components.js";

/**
 * Returns the components of a result that another machine made: those of the cache (see
 * `TransferResult.components`), else none, and then steps cannot be compared with it.
 */
export function encodeImported(from: string, components?: string): string {
  const { identity, inputs } = (components === undefined ? undefined : readComponents(components)) ?? { identity: "", inputs: [] };
  return canonicalJson({ identity, inputs: [...inputs], from });
}

/**
 * Returns the cache that a result was imported from, as {@link encodeImported} wrote it. Returns
 * undefined for one that was made here, or by an earlier version.
 */
export function importedFrom(components: string): string | undefined {
  try {
    const { from } = JSON.parse(components) as { readonly from?: unknown };
    return typeof from === "string" ? from : undefined;
  } catch {
    return undefined;
  }
}
