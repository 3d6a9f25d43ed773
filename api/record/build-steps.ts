import { sha256 } from "../../core/digest.js";
import { CanceledError, TsbuildError } from "../../core/errors.js";
import { announced, type EventSink, now, partOf, type StepId } from "../../core/events.js";
import { type StepInfo, stepName } from "../../core/step.js";

/** Reports progress of one step outside the graph. */
interface StepReporter {
  readonly id: StepId;
  progress(item: string, current: number, total: number | undefined, done: boolean, wait?: boolean): void;
}

/**
 * Runs work that is no vertex (loading the Dockerfile, exporting) as a step of the event stream.
 */
export async function runAsStep<T>(info: StepInfo, onEvent: EventSink, work: (step: StepReporter) => Promise<T>): Promise<T> {
  const name = stepName(info);
  const id = sha256(`step ${name}`);
  onEvent({ type: "steps", steps: [announced(id, info)] });
  onEvent({ type: "started", step: id, at: now() });
  try {
    const result = await work({
      id,
      progress: (...part) => onEvent({ type: "progress", step: id, at: now(), ...partOf(...part) }),
    });
    onEvent({ type: "completed", step: id, at: now() });
    return result;
  } catch (error) {
    if (error instanceof CanceledError) onEvent({ type: "canceled", step: id, at: now() });
    else {
      const { code, message } =
        error instanceof TsbuildError ? error : { code: "internal", message: error instanceof Error ? error.message : String(error) };
      onEvent({ type: "failed", step: id, at: now(), error: { code, message } });
      if (error instanceof TsbuildError) error.step ??= name;
    }
    throw error;
  }
}
