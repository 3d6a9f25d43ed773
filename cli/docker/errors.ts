import { UsageError } from "../exit-codes.js";

export function noCounterpart(command: string, flag: string, instead: string): UsageError {
  return new UsageError("cli/not-supported", `Cannot use --${flag} in "tsbuild ${command}": the image would be another`, { hint: instead });
}

export function noDestination(): UsageError {
  return new UsageError("cli/missing-value", "Cannot push the image: --destination is missing", {
    hint: "give --destination NAME, or --no-push",
  });
}

export function severalFiles(): UsageError {
  return new UsageError("cli/bad-value", "Cannot join several files of --file: one Dockerfile makes an image", {
    hint: "cat A B > Containerfile puts them together",
  });
}

export function noSuchContext(context: string, instead: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot read the context "${context}"`, { hint: instead });
}

export function noArgumentFile(path: string, reason: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot read "${path}" for --build-arg-file: ${reason}`);
}
