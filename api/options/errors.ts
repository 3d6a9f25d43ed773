import { TsbuildError, UsageError } from "../../core/errors.js";
import { formatReference } from "../../oci/reference.js";

export function badSpace(text: string, what: string): UsageError {
  return new UsageError("options/invalid", `Cannot use "${text}" as ${what}: expected a size such as 20g, or a share such as 20%`);
}

export function noSuchOption(key: string, near: string | undefined): TsbuildError {
  return new TsbuildError(
    "options/unknown",
    `Cannot build: there is no option "${key}"`,
    near === undefined ? {} : { hint: `Did you mean "${near}"?` },
  );
}

export function badAuthority(path: string, why: string): TsbuildError {
  return new TsbuildError("options/invalid", `Cannot trust the certificates of "${path}": ${why}`);
}

export function badAttestationFile(name: string): TsbuildError {
  return new TsbuildError("options/invalid", `Cannot name the file of an attestation "${name}": expected a name without slashes`);
}

export function badNoCache(noCache: unknown): TsbuildError {
  return new TsbuildError("options/invalid", `Cannot use "${String(noCache)}" for noCache: it is none of true, false, layers, mounts, all`);
}

export function timesDiffer(): TsbuildError {
  return new TsbuildError("options/invalid", "Cannot rewrite times for one output and not for another: they share their layers", {
    hint: "Give all outputs the same rewrite-timestamp, or build twice",
  });
}

export function taggedDigest(text: string, registry: string, repository: string): TsbuildError {
  return new TsbuildError("options/tagged-digest", `Cannot push "${text}" by its digest: it has a tag of its own`, {
    hint: `Name it ${formatReference({ registry, repository })}, or leave out push-by-digest`,
  });
}

export function badExtraHost(text: string, why: string): UsageError {
  return new UsageError("options/invalid", `Cannot use "${text}" as an extra host: ${why}`, {
    hint: "For example --add-host db:10.0.0.5",
  });
}

export function badDefaultNetwork(variable: string, text: string): UsageError {
  return new UsageError("options/invalid", `Cannot use ${variable} "${text}": it is none of default, host, private`);
}

export function badUlimit(text: string, why: string, hint: string): UsageError {
  return new UsageError("options/invalid", `Cannot use "${text}" as a ulimit: ${why}`, { hint });
}

export function badLimit(where: string, text: string, why: string, hint?: string): UsageError {
  const what = text === "" ? where : `"${text}" for ${where}`;
  return new UsageError("options/invalid", `Cannot use ${what}: ${why}`, hint === undefined ? {} : { hint });
}

export function badShmSize(bytes: number): UsageError {
  return new UsageError("options/invalid", `Cannot use ${bytes} as the size of /dev/shm: it must be a whole number of bytes`);
}

export function badJobs(jobs: number): UsageError {
  return new UsageError("options/invalid", `Cannot use ${jobs} as the number of jobs: it must be a whole number from 1`);
}

export function badShape(what: string, words: string, value: unknown): TsbuildError {
  return new TsbuildError("options/invalid", `Cannot use ${described(value)} as the ${what}: it must be ${words}`);
}

function described(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (Array.isArray(value)) return "an array";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

export function badService(name: string, why: string, hint?: string): UsageError {
  return new UsageError("options/invalid", `Cannot start service "${name}": ${why}`, hint === undefined ? {} : { hint });
}
