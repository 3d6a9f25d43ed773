import { contextFileUnreadable, contextMissing, contextIsFile, ignoreFileUnreadable } from "./errors.js";
import { existsSync, statSync } from "node:fs";
import { basename, isAbsolute, join, relative, resolve } from "node:path";
import type { TsbuildError } from "../../core/errors.js";
import { systemErrorCode, throwIfAborted } from "../../core/errors.js";
import { systemReason } from "../../core/system/system-reason.js";
import { type IgnoreLine, readIgnoreLines } from "../../frontend/dockerfile/syntax/dockerignore.js";
import { readContextText } from "./context-text.js";
import { InputError } from "../../core/system/regular-file.js";
import { readRegularText, readText } from "./read-text.js";

/** A Dockerfile's text with its origin. */
export interface DockerfileText {
  readonly text: string;
  /** Name as shown in diagnostics. */
  readonly name: string;
  /** Absolute path as it was named; undefined for a text that is no file of this machine. */
  readonly path: string | undefined;
  /** File that was read: `path` behind the context's links. */
  readonly file?: string;
}

/** Returns the directory of the build context, checked. */
export function contextDirectory(path: string): string {
  const directory = resolve(path);
  try {
    if (statSync(directory).isDirectory()) return directory;
  } catch (error) {
    throw contextMissing(path, error);
  }
  throw contextIsFile(path);
}

/** Default names of a Dockerfile, in order. */
export const DOCKERFILE_NAMES: readonly string[] = ["Dockerfile", "dockerfile", "Containerfile"];

/**
 * Reads the Dockerfile: the named one, or `Dockerfile` (then `dockerfile`, `Containerfile`) in the
 * context. Without a name it follows links inside the context only; a path that the caller names
 * may be anywhere.
 */
export async function readDockerfile(
  option: string | { readonly text: string; readonly name?: string } | undefined,
  context: string,
  signal: AbortSignal,
): Promise<DockerfileText> {
  if (typeof option === "object") return { text: option.text, name: option.name ?? "<Dockerfile>", path: undefined };
  const candidates = option === undefined ? DOCKERFILE_NAMES.map((name) => join(context, name)) : namedDockerfile(option, context);
  for (const path of candidates) {
    try {
      const found = option === undefined ? readContextText(context, basename(path)) : { text: await readText(path, signal), file: path };
      if (found) return { ...found, name: displayName(path), path };
    } catch (error) {
      throwIfAborted(signal);
      const code = systemErrorCode(error);
      if (code === "ENOENT" || code === "ENOTDIR") continue;
      throw unreadableDockerfile(displayName(path), error, option === undefined);
    }
  }
  const { dockerfileNotFound } = await import("./dockerfile-not-found.js");
  throw dockerfileNotFound(candidates.map(displayName), option, context);
}

/**
 * Returns the error for an unreadable Dockerfile. `isInside` says that it was read inside the
 * context, where links may not lead out.
 */
function unreadableDockerfile(name: string, cause: unknown, isInside: boolean): TsbuildError {
  const why = systemErrorCode(cause) === "ENXIO" ? "it is a socket" : systemReason(cause);
  const leadsOut = isInside && cause instanceof InputError && why.includes("link");
  return contextFileUnreadable(name, why, cause, leadsOut);
}

/**
 * Returns the candidates of `-f`, which is relative to the working directory as with docker; a name
 * that is only in the context is found there too.
 */
function namedDockerfile(option: string, context: string): string[] {
  const here = resolve(option);
  const inContext = join(context, option);
  return isAbsolute(option) || here === inContext || existsSync(here) ? [here] : [here, inContext];
}

function displayName(path: string): string {
  const near = relative(process.cwd(), path);
  return near !== "" && !near.startsWith("..") ? near : path;
}

/** An ignore file: its name in messages, and its lines. */
export interface IgnoreFile {
  readonly file: string;
  readonly lines: readonly IgnoreLine[];
}

/**
 * Reads `<Dockerfile>.dockerignore`, or else `.dockerignore` in the context; returns undefined
 * without either. An ignore file in the context is read inside it, like the Dockerfile. An ignore
 * file beside a Dockerfile outside is read there.
 */
export function ignoreFile(context: string, dockerfile: string | undefined): IgnoreFile | undefined {
  const own = dockerfile === undefined ? undefined : `${dockerfile}.dockerignore`;
  for (const path of [...(own === undefined ? [] : [own]), join(context, ".dockerignore")]) {
    const inside = relative(context, path);
    try {
      const found = inside.startsWith("../") ? readFileBeside(path) : readContextText(context, inside)?.text;
      if (found !== undefined) return { file: basename(path), lines: readIgnoreLines(found) };
    } catch (error) {
      throw ignoreFileUnreadable(displayName(path), error);
    }
  }
  return undefined;
}

function readFileBeside(path: string): string | undefined {
  try {
    return readRegularText(path);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}
