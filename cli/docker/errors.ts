import { suggest } from "../../core/text/suggest.js";
import { TsbuildError } from "../../core/errors.js";
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

export function nothingToCombine(): UsageError {
  return new UsageError("cli/operands", "Cannot make an index: no source is given", { hint: "tsbuild imagetools create -t NAME SOURCE…" });
}

export function badDescriptor(file: string, why: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot read a source from ${file}: ${why}`, {
    hint: "a source is a name, a digest or a descriptor in JSON, as --metadata-file has it",
  });
}

export function badIndexAnnotation(text: string, why: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot read --annotation "${text}": ${why}`, {
    hint: "levels are index and manifest-descriptor",
  });
}

export function listExists(list: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot create the list "${list}": it is there`, {
    hint: `--amend adds to it, "tsbuild manifest rm ${list}" forgets it`,
  });
}

export function noSuchList(list: string): UsageError {
  return new UsageError("cli/bad-value", `Cannot find the list "${list}"`, { hint: `"tsbuild manifest create ${list} IMAGE…" begins it` });
}

export function noSuchEntry(image: string, list: string, names: readonly string[]): UsageError {
  const near = suggest(image, names);
  return new UsageError("cli/bad-value", `Cannot find "${image}" in the list "${list}"`, {
    hint: near === undefined ? `it has ${names.join(", ")}` : `did you mean "${near}"?`,
  });
}

export function archiveNotRead(source: string, reason: string): TsbuildError {
  return new TsbuildError("images/not-an-archive", `Cannot import "${source}": ${reason}`);
}

export function badChange(text: string, known: readonly string[]): UsageError {
  return new UsageError("cli/bad-value", `Cannot use --change "${text}": it is no instruction for the image's config`, {
    hint: `instructions are ${known.join(", ")}`,
  });
}
