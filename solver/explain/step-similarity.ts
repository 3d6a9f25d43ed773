import { type StepInfo, stepPlace, stepText } from "../../core/step.js";

/** Least value of {@link similarity} for steps of the same text. */
export const SAME_TEXT = 2;

/** Returns the stage of a step with its platform; undefined for a step without a place. */
export function stageOf(step: StepInfo): string | undefined {
  const place = stepPlace(step);
  return place && `${place.platform ?? ""} ${place.stage}`;
}

/** Returns the keyword of an instruction, `RUN`, and the first word of any other step. */
export function keywordOf(step: StepInfo): string {
  return stepText(step).split(" ", 1)[0] as string;
}

/** Returns how well an earlier step fits the wanted one: 0 is not at all. */
export function similarity(wanted: StepInfo, earlier: StepInfo): number {
  if (!isSameStage(wanted, earlier)) return 0;
  const samePosition = stepPlace(wanted)?.position === stepPlace(earlier)?.position;
  if (stepText(wanted) === stepText(earlier)) return samePosition ? 3 : 2;
  return stepPlace(wanted) !== undefined && samePosition && keywordOf(wanted) === keywordOf(earlier) ? 1 : 0;
}

function isSameStage(one: StepInfo, other: StepInfo): boolean {
  return stageOf(one) === stageOf(other);
}

/** Returns how many of the wanted steps another project has, in the same stage. */
export function sharedSteps(wanted: readonly StepInfo[], steps: Iterable<StepInfo>): number {
  const identity = (step: StepInfo): string => `${stageOf(step)}\0${stepText(step)}`;
  const have = new Set([...steps].map(identity));
  return wanted.filter((step) => have.has(identity(step))).length;
}
