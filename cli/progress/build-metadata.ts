import type { BuildResult } from "../../api/options/options.js";
import { shortProvenance } from "../../api/attest/short-provenance.js";
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
  Object.assign(metadata, provenanceMembers(result, env["BUILDX_METADATA_PROVENANCE"]));
  const wanted = parseBoolean(env["BUILDX_METADATA_WARNINGS"] ?? "") === true;
  if (wanted && result.warnings.length > 0) metadata["buildx.build.warnings"] = result.warnings.map((warning) => wireWarning(warning));
  return metadata;
}

/**
 * Returns the members for the provenance: in its short form, or as `mode` says (`max`, `disabled`).
 * With several platforms the name has the platform.
 */
function provenanceMembers({ provenance = {} }: BuildResult, mode: string | undefined): Readonly<Record<string, unknown>> {
  const platforms = Object.entries(provenance);
  if (parseBoolean(mode ?? "") === false || mode === "disabled") return {};
  return Object.fromEntries(
    platforms.map(([platform, predicate]) => [
      `buildx.build.provenance${platforms.length > 1 ? `/${platform}` : ""}`,
      mode === "max" ? predicate : shortProvenance(predicate),
    ]),
  );
}
