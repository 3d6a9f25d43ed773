import type { FailedStep } from "../../solver/ops/failed-step.js";
import { noFailedStep } from "./errors.js";

/**
 * Finds a failed step: the newest, or the one with this number in the list, or the newest with
 * this part in its name.
 */
export function findFailedStep(steps: readonly FailedStep[], wanted: string | undefined): FailedStep {
  const number = wanted !== undefined && /^\d+$/.test(wanted) ? Number(wanted) : undefined;
  const found =
    wanted === undefined ? steps[0] : number === undefined ? steps.find(({ name }) => name.includes(wanted)) : steps[number - 1];
  if (!found)
    throw noFailedStep(
      wanted,
      steps.map(({ name }, index) => `${index + 1}: ${name}`),
    );
  return found;
}
