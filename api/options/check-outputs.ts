import { checkDirectoryDestination, checkFileDestination } from "../../core/system/destination.js";
import { UsageError } from "../../core/errors.js";
import { checkCompression } from "../../oci/layer/write/compress.js";
import type { CacheTo } from "./options.js";
import type { ResolvedOutput } from "./resolve-outputs.js";

/**
 * Looks whether this machine can write what a build is to write, so that no work is done in vain. Throws UsageError with `export/…`, and TsbuildError where it is the
 * machine that refuses: `export/unwritable`, `layer/zstd-unsupported`.
 */
export async function checkOutputs(outputs: readonly ResolvedOutput[], caches: readonly CacheTo[]): Promise<void> {
  for (const { output, form } of outputs) {
    if (form !== undefined) checkCompression(form.compression);
    if (!("dest" in output) || typeof output.dest !== "string") continue;
    const purpose = ` for --output type=${output.type}`;
    const { dest } = output;
    const layout = (output.type === "oci" || output.type === "docker") && output.tar === false;
    if (layout || output.type === "local") checkDirectoryDestination(dest, purpose);
    else checkFileDestination(dest, purpose);
    if (!layout) continue;
    const { existingEntries } = await import("../../oci/layout/write.js");
    UsageError.of(() => existingEntries(dest));
  }
  for (const cache of caches) {
    if (cache.type === "local" && !cache.ignoreError) checkDirectoryDestination(cache.dest, " for --cache-to type=local");
    if ("compression" in cache && cache.compression !== undefined) checkCompression({ type: cache.compression });
  }
}
