import { join, resolve } from "node:path";
import type { SourceFile } from "../../core/diagnostics.js";
import { CanceledError } from "../../core/errors.js";
import { collectText } from "../sources/collect-text.js";
import { readText } from "../sources/read-text.js";
import type { BakeOptions } from "./bake-options.js";
import { COMPOSE_FILES } from "../compose/compose-files.js";
import type { ProjectFiles } from "../compose/project-files.js";
import { noBakeFile, unreadableBakeFile } from "./errors.js";

/** Files that are read without being named, in this order. */
export const DEFAULT_FILES = [
  ...COMPOSE_FILES,
  "docker-bake.json",
  "docker-bake.hcl",
  "docker-bake.override.json",
  "docker-bake.override.hcl",
];

type Places = Pick<BakeOptions, "files" | "directory" | "stdin" | "env" | "signal">;

/** Reads the files of a definition. Throws UsageError with `bake/no-file`. */
export async function readBakeFiles(
  { files = [], directory = ".", stdin, env = process.env, signal = new AbortController().signal }: Places,
  untyped: ProjectFiles,
): Promise<readonly SourceFile[]> {
  const named = files.length > 0 ? files : filesOf(env);
  if (named.length === 0) return defaultFiles(directory, untyped);
  const read: SourceFile[] = [];
  for (const name of named) {
    const path = name.replace(/^cwd:\/\//, "");
    read.push(
      path === "-" && stdin
        ? { name: "-", text: await collectText(stdin, "<stdin>") }
        : { name: path, text: await textOf(resolve(directory, path), { name: path, signal }) },
    );
  }
  return read;
}

/** Returns the files that the environment names. */
function filesOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const separator = env["BUILDX_BAKE_PATH_SEPARATOR"] || ":";
  return (env["BUILDX_BAKE_FILE"] ?? "").split(separator).flatMap((path) => (path.trim() === "" ? [] : [path.trim()]));
}

function defaultFiles(directory: string, untyped: ProjectFiles): readonly SourceFile[] {
  const found = DEFAULT_FILES.flatMap((name) => {
    try {
      const file = untyped.read(join(resolve(directory), name), { name, directory });
      return file === undefined ? [] : [file];
    } catch (error) {
      throw unreadableBakeFile(name, error);
    }
  });
  if (found.length === 0) throw noBakeFile(resolve(directory), DEFAULT_FILES);
  return found;
}

async function textOf(path: string, { name, signal }: { readonly name: string; readonly signal: AbortSignal }): Promise<string> {
  try {
    return await readText(path, signal);
  } catch (error) {
    if (error instanceof CanceledError) throw error;
    throw unreadableBakeFile(name, error);
  }
}
