import type { BuildOptions } from "../../api/options/options.js";
import type { CliEnvironment } from "../environment.js";
import type { ParsedFlags } from "../syntax/flags.js";
import type { ResultFiles } from "../syntax/result-files.js";
import { buildAll } from "./run-plan.js";
import { stageBuilds, stagesNamed } from "./stages.js";

interface StagesBuild {
  readonly options: BuildOptions;
  readonly form: Parameters<typeof buildAll>[0]["form"];
  readonly files: ResultFiles;
  readonly onError: NonNullable<Parameters<typeof buildAll>[0]["onError"]>;
}

/** Builds several stages of a Dockerfile together. Returns the exit code. */
export async function buildStages(
  patterns: readonly string[],
  { options, form, files, onError }: StagesBuild,
  { flags, environment }: { readonly flags: ParsedFlags; readonly environment: CliEnvironment },
): Promise<number> {
  const stages = await stagesNamed(patterns, options, environment);
  const planned = stages.map((name) => ({ name, linked: false }));
  return buildAll({ planned, targets: stageBuilds(stages, options), form, files, ofFiles: [], onError }, flags, environment);
}
