import type { StepExplanation } from "../../core/events.js";
import { printable } from "../../core/text/printable.js";

/** Why a step ran, or what it was cached from, on one line: `ran because src/main.c changed (content)`. */
export function explanationLine({ outcome, text, record }: StepExplanation): string {
  if (outcome === "ran") return `ran because ${oneLine(text)}`;
  const at = record === undefined ? "" : `, made ${utcTime(record.createdAt)}`;
  return `cached: ${oneLine(text)}${at}`;
}

/** Names of files and what caches of other machines say may hold anything: a terminal must not obey it. */
function oneLine(text: string): string {
  return printable(text.replaceAll(/\s*\n\s*/g, " "));
}

/** `2026-01-31 12:00:00 UTC`: the same wherever a log is read. */
export function utcTime(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
