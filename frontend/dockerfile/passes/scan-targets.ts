import { parseBoolean } from "../../../core/go-values/boolean.js";
import type { ScanTarget } from "../../frontend.js";
import type { BuildScope } from "../stage/build-scope.js";
import { SCAN_ARGS } from "../stage/scan-args.js";
import type { StageState } from "../stage/stage-state.js";

/**
 * Returns the filesystems that an SBOM covers besides the image, sorted by name: the context where
 * the target asks for it, and each stage of the build that asks for itself.
 */
export function scanTargets(target: StageState, built: readonly StageState[], scope: BuildScope): readonly ScanTarget[] {
  const context = asks(target, SCAN_ARGS.context, scope) ? [{ name: "context", root: scope.context }] : [];
  const stages = built
    .filter((stage) => stage !== target && stage.node !== undefined && asks(stage, SCAN_ARGS.stage, scope))
    .map(({ label, rootfs }) => ({ name: label, root: rootfs }));
  return [...context, ...stages].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * Returns true when an argument of a stage, or else of the whole file, is true or lists the stage's
 * name. An ARG of its base stage counts too.
 */
function asks(stage: StageState, name: string, { globalArgs }: BuildScope): boolean {
  const value = stage.buildArgs.get(name) ?? globalArgs.get(name);
  if (value === undefined) return false;
  return parseBoolean(value) ?? value.split(",").includes(stage.label);
}
