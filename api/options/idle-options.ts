import type { Diagnostic } from "../../core/diagnostics.js";
import { suggest } from "../../core/text/suggest.js";
import type { FrontendResult } from "../../frontend/frontend.js";
import { hasCacheMounts } from "../../solver/ops/mounts/cache-mount-name.js";
import type { ResolvedBuildOptions } from "./resolve-options.js";

/**
 * Returns warnings about cache options that change nothing, because they name nothing that is in
 * the Dockerfile. Other builders ignore such options silently, and their users wonder why a step
 * stays cached.
 */
export function idleCacheOptions(
  { noCache, freshMounts }: Pick<ResolvedBuildOptions, "noCache" | "freshMounts">,
  compiled: readonly Pick<FrontendResult, "stages" | "rootfs">[],
): readonly Diagnostic[] {
  const stages = [...new Set(compiled.flatMap((result) => result.stages))];
  const unknown = typeof noCache === "boolean" ? [] : noCache.filter((name) => !stages.includes(name));
  const idleMounts = freshMounts && noCache !== true && !hasCacheMounts(compiled.map(({ rootfs }) => rootfs));
  return [...unknown.map((name) => unknownStage(name, stages)), ...(idleMounts ? [NO_MOUNTS] : [])];
}

const NO_MOUNTS: Diagnostic = {
  severity: "warning",
  code: "options/idle",
  message: "--no-cache=mounts changes nothing: no step that this build needs has a cache mount",
  hint: "--no-cache runs every step",
};

function unknownStage(name: string, stages: readonly string[]): Diagnostic {
  const near = suggest(name, stages);
  const there = stages.length === 0 ? "no stage has a name: give one with FROM image AS name" : `the stages are ${stages.join(", ")}`;
  return {
    severity: "warning",
    code: "options/idle",
    message: `--no-cache-filter changes nothing: no stage is called "${name}"`,
    hint: near === undefined ? there : `did you mean "${near}"? ${there}`,
  };
}
