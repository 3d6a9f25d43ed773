import type { StepReport, Worker } from "../../executor-native/contract.js";
import type { LimitRequest } from "../../executor-native/limits/limits.js";
import type { OpContext } from "../engine/op.js";

const reported = new WeakMap<Worker, Set<string>>();

/**
 * Makes the limits of a step ready, and says in the output of the first step with them how they
 * hold.
 */
export async function readyLimits(limits: LimitRequest, worker: Worker, { output }: OpContext): Promise<void> {
  const { limitsText, prepareLimits } = await import("../../executor-native/limits/prepare-limits.js");
  const text = `tsbuild: limits are held by ${limitsText(await prepareLimits(worker, limits))}\n`;
  const texts = reported.get(worker) ?? new Set();
  reported.set(worker, texts);
  if (texts.has(text)) return;
  texts.add(text);
  output("stderr", Buffer.from(text));
}

/** Passes on what a step used, and keeps its report. */
export function reportTo({ used }: OpContext): { readonly onReport: (report: StepReport) => void; readonly last: () => StepReport } {
  let last: StepReport = {};
  return {
    onReport(report) {
      last = report;
      if (report.usage) used?.(report.usage);
    },
    last: () => last,
  };
}
