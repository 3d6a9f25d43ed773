import { TsbuildError, UsageError } from "../../core/errors.js";

/** Makes the error of a file whose name cannot be sent. */
export function pathNotText(path: string): TsbuildError {
  return new TsbuildError("builder/unsupported", `Cannot send ${JSON.stringify(path)} to a builder: its name is not UTF-8`, {
    hint: "Rename the file, exclude it in .dockerignore, or build without --builder",
  });
}

/** Makes the error of an option that another machine cannot follow. */
export function notRemote(what: string, why: string): UsageError {
  return new UsageError("builder/unsupported", `Cannot use ${what} with --builder: ${why}`, {
    hint: "Leave it out, or build without --builder",
  });
}

/** Makes the error of a platform that no builder is for. */
export function noBuilder(platform: string, known: readonly string[]): UsageError {
  return new UsageError("builder/no-platform", `Cannot build for ${platform}: the builders are for ${known.join(", ")}`, {
    hint: "Add --builder PLATFORM=ADDRESS, or an address without a platform for all others",
  });
}

/** Makes the error of a step that failed on a builder, in the builder's words. */
export function stepFailed(step: string, text: string, cause: unknown): TsbuildError {
  return new TsbuildError("builder/step-failed", text, { step, cause });
}
