import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { SourceFile } from "../../core/diagnostics.js";
import { systemErrorCode } from "../../core/errors.js";
import { collectText } from "../sources/collect-text.js";
import type { BakeOptions } from "./bake-options.js";
import { composeFile, noBakeFile, unreadableBakeFile } from "./errors.js";

/** Files that are read without being named, in this order. */
const DEFAULT_FILES = ["docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"];

/** Files that buildx reads as well, before those. */
const COMPOSE_FILES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

interface FoundFiles {
  readonly files: readonly SourceFile[];
  /** Compose file that is there and not read. */
  readonly compose: string | undefined;
}

type Places = Pick<BakeOptions, "files" | "directory" | "stdin" | "env">;

/** Reads the files of a definition. Throws UsageError with `bake/no-file` and `bake/compose`. */
export async function readBakeFiles({ files = [], directory = ".", stdin, env = process.env }: Places): Promise<FoundFiles> {
  const named = files.length > 0 ? files : filesOf(env);
  if (named.length === 0) return defaultFiles(directory);
  const read: SourceFile[] = [];
  for (const name of named) {
    const path = name.replace(/^cwd:\/\//, "");
    if (/\.ya?ml$/.test(path)) throw composeFile(path);
    read.push(
      path === "-" && stdin
        ? { name: "-", text: await collectText(stdin, "<stdin>") }
        : { name: path, text: textOf(resolve(directory, path), path) },
    );
  }
  return { files: read, compose: undefined };
}

/** Returns the files that the environment names. */
function filesOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  const separator = env["BUILDX_BAKE_PATH_SEPARATOR"] || ":";
  return (env["BUILDX_BAKE_FILE"] ?? "").split(separator).flatMap((path) => (path.trim() === "" ? [] : [path.trim()]));
}

function defaultFiles(directory: string): FoundFiles {
  const found = (names: readonly string[]): SourceFile[] =>
    names.flatMap((name) => {
      const text = textIfThere(join(directory, name), name);
      return text === undefined ? [] : [{ name, text }];
    });
  const files = found(DEFAULT_FILES);
  const compose = found(COMPOSE_FILES)[0]?.name;
  if (files.length > 0) return { files, compose };
  throw compose === undefined ? noBakeFile(resolve(directory), DEFAULT_FILES) : composeFile(compose);
}

function textOf(path: string, name: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw unreadableBakeFile(name, error);
  }
}

function textIfThere(path: string, name: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return undefined;
    throw unreadableBakeFile(name, error);
  }
}
