import { isAbsolute } from "node:path";
import { TsbuildError, UsageError } from "../../core/errors.js";
import type { Tier } from "../../executor-native/tier.js";

export function badRunOption(why: string): UsageError {
  return new UsageError("run/option", `Cannot run this: ${why}`);
}

/** Throws unless a path is absolute. */
export function absolute(what: string, path: string): void {
  if (!isAbsolute(path)) throw badRunOption(`${what} is an absolute path, and "${path}" is none`);
}

export function noCommand(image: string): TsbuildError {
  return new TsbuildError("run/no-command", `Cannot run ${image}: it has neither ENTRYPOINT nor CMD, and no command was given`, {
    hint: "Write the command behind the image",
  });
}

export function noSuchVolume(path: string, cause: unknown): TsbuildError {
  return new TsbuildError("run/volume", `Cannot mount "${path}": ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
}

export function needsNamespaces(what: string, tier: Tier): TsbuildError {
  return new TsbuildError("run/isolation", `Cannot run this with isolation "${tier}": ${what} needs namespaces`, {
    hint: "docs/sandbox.md says what each tier has; tsbuild doctor says what this machine lacks",
  });
}
