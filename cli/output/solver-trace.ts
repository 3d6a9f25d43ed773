import { badTraceForm, traceNotWritten } from "./errors.js";
import { closeSync, openSync, writeSync } from "node:fs";
import type { SolverTraceRecord } from "../../api/options/options.js";
import { printable } from "../../core/text/printable.js";
import { hostPath } from "../../api/texts/surroundings.js";
import { type CliEnvironment, printStderr } from "../environment.js";
import { jsonText } from "../../core/text/json-text.js";

/** Trace of the solver that the environment asks for. */
interface SolverTrace {
  readonly onTrace: (record: SolverTraceRecord) => void;
  /** True when the records go to the standard error. */
  readonly onStderr: boolean;
  close(): void;
}

/**
 * Opens the trace that `TSBUILD_DEBUG=solver` (text) or `solver:json` (a line of JSON for each
 * record) asks for; undefined when it asks for none. The trace goes to the standard error, or to
 * the end of the file that `TSBUILD_DEBUG_FILE` names.
 */
export function solverTrace(environment: CliEnvironment): SolverTrace | undefined {
  const form = /(?:^|,)solver(?::([^,]*))?(?:,|$)/.exec(environment.env["TSBUILD_DEBUG"] ?? "");
  if (!form) return undefined;
  if (form[1] !== undefined && form[1] !== "json") throw badTraceForm(form);
  const print = form[1] === "json" ? jsonText : traceText;
  const file = environment.env["TSBUILD_DEBUG_FILE"];
  if (!file) return { onTrace: (record) => void printStderr(environment, `${print(record)}\n`), onStderr: true, close: () => undefined };
  const fd = opened(hostPath(environment, file));
  return { onTrace: (record) => void writeSync(fd, `${print(record)}\n`), onStderr: false, close: () => closeSync(fd) };
}

function opened(path: string): number {
  try {
    return openSync(path, "a", 0o600);
  } catch (cause) {
    throw traceNotWritten(path, cause);
  }
}

/** Returns a record as a line of text: `solver 0.012s [2/4] RUN make: waiting -> matching: …`. */
export function traceText(record: SolverTraceRecord): string {
  return `solver ${(record.time / 1000).toFixed(3)}s ${wordsOf(record)}`;
}

function wordsOf(record: SolverTraceRecord): string {
  switch (record.event) {
    case "move":
      return `${printable(record.step)}: ${record.from} -> ${record.to}: ${record.why}`;
    case "lookup":
      return `${printable(record.step)}: the cache has ${OUTCOMES[record.outcome]} for its ${record.by} key ${record.key}`;
    case "probe":
      return `the graph from its targets backwards: ${record.needed} needed (${record.withoutKey} without a key yet), ${record.found} found, ${record.skipped} skipped`;
    case "extend":
      return "the store does not have all targets: asks the imported caches";
    case "abandon":
      return `${printable(record.step)}: is not needed any more`;
  }
}

const OUTCOMES = { found: "a result", missing: "nothing", expired: "only a result that is too old" } as const;
