import { statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseBoolean } from "../../core/go-values/boolean.js";
import type { SourceFile } from "../../core/diagnostics.js";
import { systemErrorCode, TsbuildError } from "../../core/errors.js";
import { collectText } from "../sources/collect-text.js";
import { readRegularText, readText } from "../sources/read-text.js";
import type { ComposeOptions } from "./compose-options.js";
import { noComposeFile, unreadableComposeFile } from "./errors.js";

/** Files that are read without being named: the first that there is. */
export const COMPOSE_FILES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/** Files that are laid on those. */
const OVERRIDES = ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

type Environment = ReadonlyMap<string, string>;

/** Reads env files on top of variables. */
type AddEnvFiles = (env: Environment, files: readonly SourceFile[]) => Environment;

/** Files of a project, and everything that they are read with. */
interface ProjectFiles {
  readonly files: readonly SourceFile[];
  readonly env: Environment;
  readonly directory: string;
}

/**
 * Finds the files of a project and its variables. The environment wins over `.env`, which is looked
 * for in the working directory, because it may name the files, and in the project's. Throws
 * UsageError with `compose/no-file`.
 */
export async function findProject(options: ComposeOptions, addEnvFiles: AddEnvFiles): Promise<ProjectFiles> {
  const cwd = resolve(options.directory ?? ".");
  const given = environmentOf(options.env ?? process.env);
  const named = envFileNames(options, given);
  const { signal = new AbortController().signal } = options;
  const readAll = (paths: readonly string[]) => readNamed(paths, { cwd, signal, stdin: undefined });
  // Read once, because a pipe has its text only once.
  const byNames = named && addEnvFiles(given, await readAll(named));
  const before = byNames ?? withDotEnv(given, resolve(cwd, options.projectDirectory ?? "."), cwd, addEnvFiles);
  const paths = options.files && options.files.length > 0 ? options.files : composeFileNames(before, cwd);
  const [first = "."] = paths;
  const directory = resolve(cwd, options.projectDirectory ?? (first === "-" ? "." : dirname(resolve(cwd, first))));
  const files = await readNamed(paths, { cwd, signal, stdin: options.stdin });
  return { files, directory, env: byNames ?? withDotEnv(before, directory, cwd, addEnvFiles) };
}

/** Returns the variables that are set. */
export function environmentOf(env: Readonly<Record<string, string | undefined>>): Environment {
  return new Map(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Returns the env files that are named; undefined for the `.env` that there may be. */
function envFileNames({ envFiles = [] }: ComposeOptions, env: Environment): readonly string[] | undefined {
  const named = envFiles.length > 0 ? envFiles : (env.get("COMPOSE_ENV_FILES") ?? "").split(",").filter(Boolean);
  if (named.length > 0) return named;
  return parseBoolean(env.get("COMPOSE_DISABLE_ENV_FILE") ?? "") === true ? [] : undefined;
}

/** Returns variables with those of the `.env` of a directory below them. */
function withDotEnv(env: Environment, directory: string, cwd: string, addEnvFiles: AddEnvFiles): Environment {
  const file = fileIfThere(join(directory, ".env"), cwd);
  return file ? addEnvFiles(env, [file]) : env;
}

/** Returns the files that the environment names, or those of the directory or one above it. */
function composeFileNames(env: Environment, cwd: string): readonly string[] {
  const separator = env.get("COMPOSE_PATH_SEPARATOR") || ":";
  const named = (env.get("COMPOSE_FILE") ?? "").split(separator).filter(Boolean);
  if (named.length > 0) return named;
  for (let directory = cwd; ; directory = dirname(directory)) {
    const there = (names: readonly string[]): string | undefined => names.map((name) => join(directory, name)).find(isFile);
    const main = there(COMPOSE_FILES);
    const override = there(OVERRIDES);
    if (main !== undefined) return override === undefined ? [main] : [main, override];
    if (directory === dirname(directory)) throw noComposeFile(cwd, COMPOSE_FILES);
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

interface Reading {
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly stdin: ComposeOptions["stdin"];
}

/** Reads files that the user names. Their names are relative to `cwd` where they are below it. */
async function readNamed(paths: readonly string[], { cwd, signal, stdin }: Reading): Promise<readonly SourceFile[]> {
  const files: SourceFile[] = [];
  for (const given of paths) {
    const path = resolve(cwd, given);
    const name = shown(path, cwd);
    try {
      const text = given === "-" && stdin ? await collectText(stdin, "<stdin>") : await readText(path, signal);
      files.push({ name: given === "-" ? given : name, text });
    } catch (error) {
      throw error instanceof TsbuildError ? error : unreadableComposeFile(name, error);
    }
  }
  return files;
}

/** Reads a regular file; undefined when there is none, or a directory. */
export function fileIfThere(path: string, cwd: string): SourceFile | undefined {
  try {
    return { name: shown(path, cwd), text: readRegularText(path) };
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "") || statSync(path).isDirectory()) return undefined;
    throw unreadableComposeFile(shown(path, cwd), error);
  }
}

function shown(path: string, cwd: string): string {
  const way = relative(cwd, path);
  return way.startsWith("..") ? path : way;
}

/** Returns the name of a project that is called like its directory. */
export function nameOfDirectory(directory: string): string {
  return normalName(basename(directory));
}

/** Returns a name with what a project's name may have. */
export function normalName(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]/g, "")
    .replace(/^[_-]+/, "");
}
