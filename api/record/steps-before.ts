import { stepPlace } from "../../core/step.js";
import type { RecordedBuild, RecordedStep } from "./build-record.js";

/**
 * Returns the steps at earlier places of a step's stage, in order; with `own` also those at its own
 * place, where a step can link a copy into the stage.
 */
export function stepsBefore({ step }: RecordedStep, { stepList }: RecordedBuild, own = false): readonly RecordedStep[] {
  const place = stepPlace(step);
  if (!place) return [];
  const last = own ? place.position : place.position - 1;
  return stepList
    .flatMap((recorded) => {
      const at = stepPlace(recorded.step);
      const isBefore = at?.stage === place.stage && at.platform === place.platform && at.position <= last;
      return isBefore ? [{ recorded, position: at.position }] : [];
    })
    .sort((a, b) => a.position - b.position || a.recorded.number - b.recorded.number)
    .map(({ recorded }) => recorded);
}
