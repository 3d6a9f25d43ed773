import { stepName, stepPlace, stepText } from "../../core/step.js";
import { type Rootfs, topological, type Vertex } from "../../llb/vertex.js";

/** A step of a build that stops between its steps. */
export interface SteppedStep {
  /** Name, such as `[build 2/4] RUN make`. */
  readonly name: string;
  /** Text without the place: `RUN make`. */
  readonly text: string;
  /** Name of the stage; empty when the build has only one. */
  readonly stage: string;
  /** First and last line in the Dockerfile, from 1. */
  readonly line: number;
  readonly endLine: number;
}

/** A step with its place in the graph. */
export interface PlannedStep extends SteppedStep {
  readonly vertex: Vertex;
}

/**
 * Returns the steps that a target needs, in the order of the Dockerfile, which is one in which they
 * can run: a stage uses stages above it alone.
 */
export function plannedSteps(target: Rootfs): readonly PlannedStep[] {
  return topological([target])
    .flatMap((vertex): readonly PlannedStep[] => {
      const { step, range } = vertex.metadata;
      const place = stepPlace(step);
      if (place === undefined || range === undefined) return [];
      return [{ name: stepName(step), text: stepText(step), stage: place.stage, line: range.line, endLine: range.endLine, vertex }];
    })
    .sort((a, b) => a.line - b.line);
}
