import type { SteppedStep } from "../../api/stepping/planned-steps.js";

/** A breakpoint as an editor asks for it, and the step that it stops before. */
export interface StepBreakpoint {
  readonly line: number;
  /** Number of the step, from 0; undefined behind the last one. */
  readonly step: number | undefined;
}

/**
 * Returns the steps that breakpoints stop before. A line without a step, such as that of ENV,
 * stands for the next step below it.
 */
export function breakpointsAt(lines: readonly number[], steps: readonly SteppedStep[]): readonly StepBreakpoint[] {
  return lines.map((line) => {
    const step = steps.findIndex(({ endLine }) => endLine >= line);
    return { line, step: step === -1 ? undefined : step };
  });
}
