import type { Reporter, ReporterOptions } from "./reporter.js";

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
