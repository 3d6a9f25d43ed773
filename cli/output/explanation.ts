import type { StepExplanation } from "../../core/events.js";
import { printable } from "../../core/text/printable.js";

/**
 * Returns on one line why a step ran, or the result it was cached from: `ran because src/main.c
 * changed (content)`.
 */
export function explanationLine({ outcome, text, record }: StepExplanation): string {
  if (outcome === "ran") return `ran because ${oneLine(text)}`;
  const at = record === undefined ? "" : `, made ${utcTime(record.createdAt)}`;
  return `cached: ${oneLine(text)}${at}`;
}

/**
 * Returns text on one line. File names, and texts of caches of other machines, may hold anything: a
 * terminal must not obey it.
 */
function oneLine(text: string): string {
  return printable(text.replaceAll(/\s*\n\s*/g, " "));
}

/** Returns `2026-01-31 12:00:00 UTC`: the same wherever a log is read. */
function utcTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
