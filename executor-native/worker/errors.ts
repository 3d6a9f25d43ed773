import { TsbuildError } from "../../core/errors.js";

export function workerClosed(): TsbuildError {
  return new TsbuildError("exec/worker-closed", "Cannot use the worker for steps: it was closed");
}

export function sandboxNotStarted(error: Error): TsbuildError {
  return new TsbuildError("exec/sandbox-start", `Cannot start the sandbox of the step: ${error.message}`, { cause: error });
}

export function removalFailed(error: Error): TsbuildError {
  return new TsbuildError("exec/remove", `Cannot remove files: ${error.message}`, { cause: error });
}

export function removalEnded(code: number | null): TsbuildError {
  return new TsbuildError("exec/remove", `Cannot remove files: the program that does it ended with ${code}`);
}
