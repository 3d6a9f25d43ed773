import type { Diagnostic } from "../../core/diagnostics.js";
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
