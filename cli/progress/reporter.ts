import type { Writable } from "node:stream";
import type { EventSink } from "../../core/events.js";
import type { Paint } from "../output/paint.js";

/**
 * One form of progress. A reporter gets every event of a build, then `finish`, whether the build
 * succeeded or not.
 */
export interface Reporter {
  readonly onEvent: EventSink;
  /** Shows the text that is still held back and stops every timer. Idempotent. */
  finish(): void;
  /** True when it shows the output of steps, so that an error need not repeat it. */
  readonly showsOutput: boolean;
}

export interface ReporterOptions {
  readonly stream: Writable & { readonly columns?: number; readonly rows?: number };
  readonly paint: Paint;
}
