import type { Diagnostic, SourceRange } from "../../core/diagnostics.js";
import type { StepId } from "../../core/events.js";
import { coveredUserinfo } from "../../core/text/address.js";

/**
 * Returns a warning in the JSON of BuildKit's client, for the log of progress and for a metadata
 * file.
 */
export function wireWarning(diagnostic: Diagnostic, step?: StepId): object {
  const name = diagnostic.rule ?? diagnostic.code;
  const line = diagnostic.range ? ` (line ${diagnostic.range.line})` : "";
  return {
    ...(step === undefined ? {} : { vertex: step }),
    level: 1,
    short: base64(`${name}: ${diagnostic.message}${line}`),
    ...(diagnostic.hint === undefined ? {} : { detail: [base64(diagnostic.hint)] }),
    ...(diagnostic.url === undefined ? {} : { url: diagnostic.url }),
    ...(diagnostic.source === undefined
      ? {}
      : {
          sourceInfo: { filename: diagnostic.source.name, data: base64(coveredUserinfo(diagnostic.source.text)), language: "Dockerfile" },
        }),
    ...(diagnostic.range === undefined ? {} : { range: [wireRange(diagnostic.range)] }),
  };
}

/** Returns a range in BuildKit's source maps: lines count from 1, characters from 0. */
function wireRange(range: SourceRange): object {
  return {
    start: { line: range.line, character: range.column - 1 },
    end: { line: range.endLine, character: range.endColumn - 1 },
  };
}

const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");
