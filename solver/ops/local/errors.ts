import { TsbuildError } from "../../../core/errors.js";
import { systemReason } from "../../../core/system/system-reason.js";

export function notDirectory(root: string, name: string, exists: boolean): TsbuildError {
  return new TsbuildError(
    "context/not-a-directory",
    `Cannot use "${root}" as ${name}: ${exists ? "it is not a directory" : "there is no such directory"}`,
  );
}

export function fileChanged(path: string, name: string): TsbuildError {
  return new TsbuildError("context/file-changed", `Cannot use "${path}" of the ${name}: it changed while it was read`, {
    hint: "Build again when nothing writes to the directory any more, or exclude the file with .dockerignore",
  });
}

export function specialFile(path: string, name: string, kind: string): TsbuildError {
  return new TsbuildError("context/host-directory", `Cannot give a step the ${name}: "${path}" is a ${kind}`, {
    hint: "A step would reach a program of the machine by it; name a directory without one, or a part of it with source=",
  });
}

export function hostDirectoryChanged(name: string): TsbuildError {
  return new TsbuildError("context/file-changed", `Cannot keep the result of the step: the ${name} changed while it ran`, {
    hint: "Build again when nothing writes to the directory any more; COPY --from takes a copy of it",
  });
}

/** Reports a failed system call with its `code`. */
export function unreadable(path: string, name: string, code: string, cause: unknown): TsbuildError {
  return new TsbuildError(
    "context/unreadable",
    `Cannot read "${path}" of the ${name}: ${code === "EACCES" ? "permission denied" : systemReason(cause)}`,
    { hint: "Make it readable, or exclude it with .dockerignore", cause },
  );
}
