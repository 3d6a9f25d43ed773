import type { EventSink } from "../../core/events.js";
import type { Reporter } from "./reporter.js";

/** Shows nothing of the build while it runs. `onEvent` may show what it waits for. */
export function quietReporter(onEvent: EventSink = () => undefined): Reporter {
  return { onEvent, finish: () => undefined, showsOutput: false };
}
