import type { Writable } from "node:stream";
import type { EventSink } from "../../core/events.js";
import type { Paint } from "../paint.js";

/** One form of progress. Gets every event of a build, then `finish`, whether the build succeeded or not. */
export interface Reporter {
  readonly onEvent: EventSink;
  /** Shows what is still held back and stops every timer. Idempotent. */
  finish(): void;
  /** Whether it shows what steps print, so that an error need not repeat it. */
  readonly showsOutput: boolean;
}

export interface ReporterOptions {
  readonly stream: Writable;
  readonly paint: Paint;
}

export type ProgressForm = "auto" | "tty" | "plain" | "rawjson" | "quiet" | "none";

/** Loads and makes the reporter of a form. `auto` and `tty` are plain text for now. */
export async function createReporter(form: ProgressForm, options: ReporterOptions): Promise<Reporter> {
  switch (form) {
    case "quiet":
    case "none":
      return (await import("./quiet.js")).quietReporter();
    case "rawjson":
      return (await import("./rawjson.js")).rawJsonReporter(options);
    case "auto":
    case "tty":
    case "plain":
      return (await import("./plain.js")).plainReporter(options);
  }
}
