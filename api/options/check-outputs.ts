import { checkDirectoryDestination, checkFileDestination } from "../../core/system/destination.js";
import { UsageError } from "../../core/errors.js";
import { checkCompression } from "../../oci/layer/write/compress.js";
import { valuesOf } from "./cache-types.js";
import type { CacheTo } from "./options.js";
import { destinationOf, typeOf } from "./output-types.js";
import type { ResolvedOutput } from "./resolve-outputs.js";

/**
 * Looks whether this machine can write what a build is to write, so that no work is done in vain.
 * Throws UsageError with `export/…`, and TsbuildError where it is the machine that refuses:
 * `export/unwritable`, `layer/zstd-unsupported`.
 */
export async function checkOutputs(outputs: readonly ResolvedOutput[], caches: readonly CacheTo[]): Promise<void> {
  for (const { output, form } of outputs) {
    if (form !== undefined) checkCompression(form.compression);
    const [name = "", attribute] = destinationOf(typeOf(output)) ?? [];
    const { [name]: dest, [attribute?.directoryWithout ?? ""]: tar }: Readonly<Record<string, unknown>> = output;
    if (typeof dest !== "string") continue;
    const purpose = ` for --output type=${output.type}`;
    const layout = tar === false;
    if (layout || attribute?.form === "directory") checkDirectoryDestination(dest, purpose);
    else checkFileDestination(dest, purpose);
    if (!layout) continue;
    const { existingEntries } = await import("../../oci/layout/write.js");
    UsageError.of(() => existingEntries(dest));
  }
  for (const cache of caches) {
    if ("compression" in cache && cache.compression !== undefined) checkCompression({ type: cache.compression });
    if ("ignoreError" in cache && cache.ignoreError) continue;
    for (const dest of valuesOf(cache, "to", "directory")) checkDirectoryDestination(dest, ` for --cache-to type=${cache.type}`);
    const { checkTarget } = await import("../../cache/remote/open.js");
    await checkTarget(cache, process.env);
  }
}
