import type { ResultRecord, ResultSource } from "../../cache/contract/results.js";
import type { StepExplanation } from "../../core/events.js";
import { importedFrom } from "./imported-from.js";

/** Explains a step by the result that was found. */
export function explainFound(source: (ResultSource & Pick<ResultRecord, "components">) | undefined): StepExplanation {
  const from = source?.imported ? importedFrom(source.components) : undefined;
  if (from !== undefined) return cached("found", `found a result imported from ${from}`, source);
  return cached("found", source ? `found ${resultOf(source)}` : "an earlier result was found", source);
}

/**
 * Explains a step that was not needed: by its own result, when there still is one, else by the step
 * that made it needless. `ended` is the end of the build in milliseconds since the epoch; undefined
 * while it runs.
 */
export function explainCovered(source: ResultSource | undefined, coveredBy: string | undefined, ended?: number): StepExplanation {
  if (source && ended !== undefined && source.createdAt > ended) {
    return cached("covered", `${coveredText(coveredBy)}; since then it has one of its own`, source);
  }
  return cached("covered", source ? resultOf(source) : coveredText(coveredBy), source);
}

function coveredText(coveredBy: string | undefined): string {
  return coveredBy === undefined ? "not needed, since what depends on it was found" : `not needed, the result of ${coveredBy} covers it`;
}

function resultOf({ build, imported }: ResultSource): string {
  if (build !== undefined) return `the result of build ${build}`;
  return imported ? "a result that another machine made" : "an earlier result";
}

function cached(reason: "found" | "covered", text: string, source: ResultSource | undefined): StepExplanation {
  return { outcome: "cached", reason, text, changes: [], ...(source ? { record: stepRecord(source) } : {}) };
}

/** Returns a stored result in the form of events and records. */
export function stepRecord({
  id,
  createdAt,
  build,
}: Pick<ResultSource, "id" | "createdAt" | "build">): NonNullable<StepExplanation["record"]> {
  return { ...(id === undefined ? {} : { id }), createdAt, ...(build === undefined ? {} : { build }) };
}
