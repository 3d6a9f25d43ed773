import { TsbuildError, UsageError } from "../core/errors.js";

export function notPrinted(error: Error): TsbuildError {
  return new TsbuildError("cli/write-failed", `Cannot print the result: ${error.message}`, { cause: error });
}

export function noSuchCommand(first: string, near: string | undefined): UsageError {
  return new UsageError("cli/unknown-command", `Cannot run "tsbuild ${first}": it is neither a command nor a directory`, {
    hint: near ? `did you mean "tsbuild ${near}"?` : `"tsbuild --help" lists the commands`,
  });
}

export function dockersCommand(found: { readonly command: string; readonly hint: string | undefined }, directory: string): UsageError {
  return new UsageError("cli/unknown-command", `Cannot run "tsbuild ${found.command}": that command of docker's is not here`, {
    hint: `${found.hint ?? "tsbuild builds, stores and transfers images; docker and podman do the rest"}${directory}`,
  });
}
