import type { ResultRecord, ResultSource } from "../../cache/contract/results.js";
import type { StepExplanation } from "../../core/events.js";
import { importedFrom } from "./imported-from.js";

/** What a step was found in. */
export function explainFound(source: (ResultSource & Pick<ResultRecord, "components">) | undefined): StepExplanation {
  const from = source?.imported ? importedFrom(source.components) : undefined;
  if (from !== undefined) return cached("found", `found a result imported from ${from}`, source);
  return cached("found", source ? `found ${resultOf(source)}` : "an earlier result was found", source);
}

/**
 * A step that nobody asked for: its own result, when there still is one, else the step that made it needless. `ended`: when the build ended, in
 * milliseconds since the epoch; undefined while it runs.
 */
export function explainCovered(source: ResultSource | undefined, coveredBy: string | undefined, ended?: number): StepExplanation {
  if (source && ended !== undefined && source.createdAt > ended) {
    return cached("covered", `${coveredText(coveredBy)}; since then it has one of its own`, source);
  }
  return cached("covered", source ? resultOf(source) : coveredText(coveredBy), source);
}

function coveredText(coveredBy: string | undefined): string {
  return coveredBy === undefined ? "not needed, since what stands on it was found" : `not needed, the result of ${coveredBy} covers it`;
}

function resultOf({ build, imported }: ResultSource): string {
  if (build !== undefined) return `the result of build ${build}`;
  return imported ? "a result that another machine made" : "an earlier result";
}

function cached(reason: "found" | "covered", text: string, source: ResultSource | undefined): StepExplanation {
  return { outcome: "cached", reason, text, changes: [], ...(source ? { record: stepRecord(source) } : {}) };
}

/** As events and records name a stored result. */
export function stepRecord({
  id,
  createdAt,
  build,
}: Pick<ResultSource, "id" | "createdAt" | "build">): NonNullable<StepExplanation["record"]> {
  return { ...(id === undefined ? {} : { id }), createdAt, ...(build === undefined ? {} : { build }) };
}
