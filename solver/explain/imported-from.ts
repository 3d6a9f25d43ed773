import { canonicalJson } from "../../core/canonical.js";

/** What stands where a result's record has components, for one that another machine made: steps have nothing to be compared with it. */
export function encodeImported(from: string): string {
  return canonicalJson({ identity: "", inputs: [], from });
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
