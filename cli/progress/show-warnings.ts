import type { Diagnostic } from "../../core/diagnostics.js";
import { printable, printableLines } from "../../core/text/printable.js";
import { type CliEnvironment, printStderr } from "../environment.js";
import { paintFor } from "../output/paint.js";
import type { ProgressForm } from "./create-reporter.js";

/** Prints the warnings about the Dockerfile again, where they are not lost between steps. */
export async function showWarnings(form: ProgressForm, warnings: readonly Diagnostic[], environment: CliEnvironment): Promise<void> {
  if (warnings.length === 0 || form === "quiet" || form === "none" || form === "rawjson") return;
  const paint = paintFor(environment);
  const lines = warnings.map(({ rule, code, message, range, hint }) => {
    // The page of a rule has its advice, and a check shows the advice beside the line.
    const advice = rule === undefined && hint !== undefined ? `   hint: ${printableLines(hint)}\n` : "";
    return ` - ${rule ?? code}: ${printable(message)}${range ? ` (line ${range.line})` : ""}\n${advice}`;
  });
  const headline = paint.severity("warning", ` ${warnings.length} ${warnings.length === 1 ? "warning" : "warnings"} found:`);
  await printStderr(environment, `\n${headline}\n${lines.join("")}`);
}
