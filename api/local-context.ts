import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { systemErrorCode, throwIfAborted, TsbuildError } from "../core/errors.js";
import { type IgnoreLine, readIgnoreLines } from "../frontend/dockerfile/dockerignore.js";
import { readText } from "./read-text.js";

/** A Dockerfile's text and where it came from. */
export interface DockerfileText {
  readonly text: string;
  /** As shown in diagnostics. */
  readonly name: string;
  /** Absolute; undefined for a text that is no file. */
  readonly path: string | undefined;
}

/** The directory of the build context, checked. */
export function contextDirectory(path: string): string {
  const directory = resolve(path);
  try {
    if (statSync(directory).isDirectory()) return directory;
  } catch (error) {
    throw new TsbuildError(
      "context/not-found",
      `Cannot use "${path}" as the build context: ${systemErrorCode(error) === "ENOENT" ? "there is no such directory" : (error as Error).message}`,
      {
        hint: "Name the directory that holds the files to build from, for example: tsbuild .",
        cause: error,
      },
    );
  }
  throw new TsbuildError("context/not-a-directory", `Cannot use "${path}" as the build context: it is a file`, {
    hint: `Name its directory, and the file with -f: tsbuild -f ${path} ${dirname(path)}`,
  });
}

/** What a Dockerfile is called when nobody names it, in order. */
export const DOCKERFILE_NAMES: readonly string[] = ["Dockerfile", "dockerfile", "Containerfile"];

/** Reads the Dockerfile: the named one, or `Dockerfile` (then `dockerfile`, `Containerfile`) in the context. */
export async function readDockerfile(
  option: string | { readonly text: string; readonly name?: string } | undefined,
  context: string,
  signal: AbortSignal,
): Promise<DockerfileText> {
  if (typeof option === "object") return { text: option.text, name: option.name ?? "<Dockerfile>", path: undefined };
  const candidates = option === undefined ? DOCKERFILE_NAMES.map((name) => join(context, name)) : namedDockerfile(option, context);
  for (const path of candidates) {
    try {
      return { text: await readText(path, signal), name: displayName(path), path };
    } catch (error) {
      throwIfAborted(signal);
      const code = systemErrorCode(error);
      if (code === "ENOENT" || code === "ENOTDIR") continue;
      throw new TsbuildError(
        "dockerfile/unreadable",
        `Cannot read ${displayName(path)}: ${code === "EISDIR" ? "it is a directory" : (error as Error).message}`,
        { cause: error },
      );
    }
  }
  throw new TsbuildError(
    "dockerfile/not-found",
    `Cannot find a Dockerfile: ${candidates.map(displayName).join(", ")} ${candidates.length === 1 ? "does" : "do"} not exist`,
    {
      hint:
        option === undefined
          ? "Create one there, or name another with -f PATH"
          : "Check the path given with -f; it is relative to the working directory",
    },
  );
}

/** `-f` is relative to the working directory as with docker; a name that is only in the context is found there too. */
function namedDockerfile(option: string, context: string): string[] {
  const here = resolve(option);
  const inContext = join(context, option);
  return isAbsolute(option) || here === inContext || existsSync(here) ? [here] : [here, inContext];
}

function displayName(path: string): string {
  const near = relative(process.cwd(), path);
  return near !== "" && !near.startsWith("..") ? near : path;
}

/** An ignore file as messages name it, and what is in it. */
export interface IgnoreFile {
  readonly file: string;
  readonly lines: readonly IgnoreLine[];
}

/** `<Dockerfile>.dockerignore`, or else `.dockerignore` in the context; undefined without either. */
export function ignoreFile(context: string, dockerfile: string | undefined): IgnoreFile | undefined {
  for (const path of [...(dockerfile === undefined ? [] : [`${dockerfile}.dockerignore`]), join(context, ".dockerignore")]) {
    try {
      return { file: basename(path), lines: readIgnoreLines(readFileSync(path, "utf8")) };
    } catch (error) {
      if (systemErrorCode(error) !== "ENOENT") throw error;
    }
  }
  return undefined;
}
