import type { TsbuildError } from "../../core/errors.js";
import { UsageError } from "../../core/errors.js";
import { systemReason } from "../../core/system/system-reason.js";

/** Messages about bake files as files, one function each. */

export const noBakeFile = (directory: string, names: readonly string[]): UsageError =>
  new UsageError("bake/no-file", `Cannot find a bake file in ${directory}: there is none of ${names.join(", ")}`, {
    hint: "name it with -f FILE",
  });

export const unreadableBakeFile = (path: string, cause: unknown): TsbuildError =>
  new UsageError("bake/no-file", `Cannot read the bake file ${path}: ${systemReason(cause)}`, {
    hint: "-f names a file, relative to the working directory",
    cause,
  });

export const noRemoteFile = (address: string, names: readonly string[]): UsageError =>
  new UsageError("bake/remote", `Cannot find a bake file in ${address}: there is none of ${names.join(", ")}`, {
    hint: "name it with -f FILE, as a path in there",
  });

export const remoteTooLarge = (address: string, name: string): UsageError =>
  new UsageError("bake/remote", `Cannot read ${name} of ${address}: a definition has at most 2 MiB`);

export const inputOfTarget = (name: string): UsageError =>
  new UsageError("bake/value", `Cannot build "${name}": a target reads neither its context nor its Dockerfile from the standard input`, {
    hint: "write dockerfile-inline, or name a file",
  });

export const unknownPermission = (text: string, names: readonly string[]): UsageError =>
  new UsageError("cli/bad-value", `Cannot allow "${text}": it is none of ${names.join(", ")}`);

export const badNetwork = (text: string): UsageError =>
  new UsageError("bake/value", `Cannot use the network "${text}": it is none of default, none, host`);
