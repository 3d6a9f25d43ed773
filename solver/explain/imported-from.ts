import { canonicalJson } from "../../core/canonical.js";
import { readComponents } from "./components.js";

/**
 * What stands where a result's record has components, for one that another machine made: those that came along with the cache (see
 * `TransferResult.components`), else none, and then steps have nothing to be compared with it.
 */
export function encodeImported(from: string, components?: string): string {
  const { identity, inputs } = (components === undefined ? undefined : readComponents(components)) ?? { identity: "", inputs: [] };
  return canonicalJson({ identity, inputs: [...inputs], from });
}

/** Which cache a result was imported from, as {@link encodeImported} wrote it; undefined for one that was made here, or by an earlier version. */
export function importedFrom(components: string): string | undefined {
  try {
    const { from } = JSON.parse(components) as { readonly from?: unknown };
    return typeof from === "string" ? from : undefined;
  } catch {
    return undefined;
  }
}
