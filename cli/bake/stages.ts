import type { BuildOptions, Output } from "../../api/options/options.js";
import { readGlob } from "../../core/text/glob.js";
import { compileWildcards } from "../../core/text/wildcards.js";
import { checkOptionsOf } from "../check/check-options.js";
import type { CliEnvironment } from "../environment.js";
import { noStage, oneInput, oneName } from "./errors.js";

/** Place of a stage's name in tags and destinations of several stages. */
const PLACE = "{target}";

/**
 * Returns the stages that a list of names and patterns stands for, in the order of the Dockerfile.
 * Throws `cli/bad-value` for one that stands for none.
 */
export async function stagesNamed(
  patterns: readonly string[],
  options: BuildOptions,
  { api, signal }: CliEnvironment,
): Promise<readonly string[]> {
  // A stream can be read only once, and each stage is a build.
  if (options.context !== undefined && typeof options.context !== "string") throw oneInput();
  const { target: _, ...rest } = options;
  const { targets } = await api.targets({ ...checkOptionsOf(rest), signal });
  const names = targets.map(({ name }) => name).filter(Boolean);
  const chosen = new Set(
    patterns.flatMap((pattern) => {
      const wildcards = readGlob(pattern.toLowerCase());
      const found = wildcards ? names.filter(compileWildcards(wildcards)) : [];
      if (found.length === 0) throw noStage(pattern, names);
      return found;
    }),
  );
  return names.filter((name) => chosen.has(name));
}

/** Returns a build for each stage. Tags and destinations have the stage's name in them. */
export function stageBuilds(stages: readonly string[], options: BuildOptions): Readonly<Record<string, BuildOptions>> {
  const named = (text: string, stage: string, what: string): string => {
    if (stages.length > 1 && !text.includes(PLACE)) throw oneName(what, text);
    return text.replaceAll(PLACE, stage);
  };
  const output = (one: Output, stage: string): Output =>
    "dest" in one && typeof one.dest === "string" ? { ...one, dest: named(one.dest, stage, "--output") } : one;
  return Object.fromEntries(
    stages.map((stage) => [
      stage,
      {
        ...options,
        target: stage,
        ...(options.tags ? { tags: options.tags.map((tag) => named(tag, stage, "--tag")) } : {}),
        ...(options.outputs ? { outputs: options.outputs.map((one) => output(one, stage)) } : {}),
      },
    ]),
  );
}
