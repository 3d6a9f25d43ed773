import type { Reporter, ReporterOptions } from "./reporter.js";

export type ProgressForm = "auto" | "tty" | "plain" | "rawjson" | "quiet" | "none";

export interface Terminal {
  /** Whether the stream is a terminal whose cursor can be moved. */
  readonly live: boolean;
  /** Lines of output that are shown below a step that runs, where the cursor can be moved. */
  readonly logLines?: number;
}

/** Loads and makes the reporter of a form. `auto` is `tty` at a terminal; `tty` without one is `plain`. */
export async function createReporter(form: ProgressForm, options: ReporterOptions & Terminal): Promise<Reporter> {
  switch (form) {
    case "quiet":
    case "none":
      return (await import("./quiet.js")).quietReporter();
    case "rawjson":
      return (await import("./rawjson.js")).rawJsonReporter(options);
    case "auto":
    case "tty":
      if (!options.live) return createReporter("plain", options);
      return (await import("./tty/tty.js")).ttyReporter(options);
    case "plain":
      return (await import("./plain.js")).plainReporter(options);
  }
}
