import type { Reporter } from "./reporter.js";

/** Shows nothing while the build runs. */
export function quietReporter(): Reporter {
  return { onEvent: () => undefined, finish: () => undefined, showsOutput: false };
}
