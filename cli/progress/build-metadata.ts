import type { BuildResult } from "../../api/options/options.js";
import { parseBoolean } from "../../core/go-values/boolean.js";
import type { CliEnvironment } from "../environment.js";
import { wireWarning } from "./wire-warning.js";

/**
 * Returns buildx's metadata file: the exporters' keys, the digests, and the warnings where the
 * environment asks for them.
 */
export function metadataOf(result: BuildResult, { env }: CliEnvironment): Record<string, unknown> {
  const metadata: Record<string, unknown> = { "containerimage.config.digest": result.imageId };
  if (result.descriptor) {
    metadata["containerimage.descriptor"] = result.descriptor;
    metadata["containerimage.digest"] = result.descriptor.digest;
  }
  for (const exported of result.exports) Object.assign(metadata, exported.metadata);
  const wanted = parseBoolean(env["BUILDX_METADATA_WARNINGS"] ?? "") === true;
  if (wanted && result.warnings.length > 0) metadata["buildx.build.warnings"] = result.warnings.map((warning) => wireWarning(warning));
  return metadata;
}
