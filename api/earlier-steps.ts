import type { BuildHistory } from "../cache/contract/builds.js";
import type { EarlierStep } from "../solver/context.js";
import { describeInputs } from "./build-origin.js";
import type { BuildDetail } from "./build-record.js";
import type { ResolvedBuildOptions } from "./resolve-options.js";

/** Asks the history, when it is asked first, for the steps of the last build of the same Dockerfile in the same context. */
export function earlierSteps(
  history: BuildHistory,
  inputs: Pick<ResolvedBuildOptions, "context" | "dockerfile">,
): (name: string) => EarlierStep | undefined {
  let steps: ReadonlyMap<string, EarlierStep> | undefined;
  return (name) => {
    steps ??= lastSteps(history, inputs);
    return steps.get(name);
  };
}

function lastSteps(history: BuildHistory, inputs: Pick<ResolvedBuildOptions, "context" | "dockerfile">): ReadonlyMap<string, EarlierStep> {
  const { context, dockerfile } = describeInputs(inputs);
  const last = history.list().find((build) => build.context === context && build.dockerfile === dockerfile);
  const record = last && history.get(last.id);
  if (!record) return new Map();
  const { steps } = JSON.parse(record.detail) as BuildDetail;
  return new Map(steps.map(({ name, status }) => [name, { build: record.id, finished: status === "completed" || status === "cached" }]));
}
