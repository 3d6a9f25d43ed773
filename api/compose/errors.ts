import type { Diagnostic, SourceFile } from "../../core/diagnostics.js";
import { UsageError } from "../../core/errors.js";
import { systemReason } from "../../core/system/system-reason.js";

/** Messages about Compose files as files, one function each. */

export const noComposeFile = (directory: string, names: readonly string[]): UsageError =>
  new UsageError("compose/no-file", `Cannot find a Compose file in ${directory} or above it: there is none of ${names.join(", ")}`, {
    hint: "name it with -f FILE",
  });

export const unreadableComposeFile = (path: string, cause: unknown): UsageError =>
  new UsageError("compose/no-file", `Cannot read the file ${path}: ${systemReason(cause)}`, { cause });

export const noServices = (): Diagnostic => ({
  severity: "warning",
  code: "compose/no-service",
  message: "There is nothing to build: no service that is selected has a build",
});

/** Returns a diagnostic about a file without the text of that file. */
export const covered = ({ severity, code, source, range }: Diagnostic, file: SourceFile): Diagnostic => {
  const place = source === file && range ? ` in line ${range.line}` : "";
  return {
    severity,
    code,
    message:
      severity === "error"
        ? `Cannot read ${file.name}: there is a mistake${place}`
        : `There is something to see to${place} of ${file.name}`,
    hint: "it is outside of the project's directory, so its text is not shown; with -f FILE it is",
  };
};
