import type { PROGRESS_FORMS } from "../syntax/flags.js";
import { quietReporter } from "./quiet.js";
import type { Reporter, ReporterOptions } from "./reporter.js";
import { showWaits } from "./show-waits.js";

export type ProgressForm = (typeof PROGRESS_FORMS)[number];

export interface Terminal {
  /** True for a terminal whose cursor can be moved. */
  readonly live: boolean;
  /** Lines of output below a running step, where the cursor can be moved. */
  readonly logLines?: number;
}

/**
 * Makes the reporter of a form. Loads it, and asks for its stream, with the first event. `auto` is
 * `tty` at a terminal; `tty` without one is `plain`.
 */
export async function createReporter(form: ProgressForm, options: () => ReporterOptions & Terminal): Promise<Reporter> {
  switch (form) {
    case "none":
      return quietReporter();
    case "quiet":
      return quietReporter(showWaits(() => options().stream));
    case "rawjson":
      return (await import("./rawjson.js")).rawJsonReporter(options());
    case "auto":
    case "tty":
      if (!options().live) return createReporter("plain", options);
      return (await import("./tty/tty.js")).ttyReporter(options());
    case "plain":
      return (await import("./plain.js")).plainReporter(options());
  }
}
