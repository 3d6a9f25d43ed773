import type { Reporter } from "./ports.js";

/** Returns a reporter that nobody hears, for work that is no step of its own. */
export function quietReporter(signal: AbortSignal): Reporter {
  return { signal, progress: () => {} };
}
