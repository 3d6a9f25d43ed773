import { statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { parseBoolean } from "../../core/go-values/boolean.js";
import type { SourceFile } from "../../core/diagnostics.js";
import { CanceledError } from "../../core/errors.js";
import { collectText } from "../sources/collect-text.js";
import { readText } from "../sources/read-text.js";
import type { ComposeOptions } from "./compose-options.js";
import { noComposeFile, unreadableComposeFile } from "./errors.js";
import type { ProjectFiles } from "./project-files.js";

/** Files that are read without being named: the first that there is. */
export const COMPOSE_FILES = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];

/** Files that are laid on those. */
const OVERRIDES = ["compose.override.yml", "compose.override.yaml", "docker-compose.override.yml", "docker-compose.override.yaml"];

type Environment = ReadonlyMap<string, string>;

/** Directories that a file is looked for in, and where it is noted. */
interface Places {
  readonly cwd: string;
  readonly directory: string;
  readonly untyped: ProjectFiles;
}

type Reader = Pick<Places, "cwd" | "untyped"> & { readonly signal: AbortSignal };

/** Reads env files on top of variables. */
type AddEnvFiles = (env: Environment, files: readonly SourceFile[]) => Environment;

/** Files of a project, and everything that they are read with. */
interface FoundProject {
  readonly files: readonly SourceFile[];
  readonly env: Environment;
  readonly directory: string;
}

/**
 * Finds the files of a project and its variables. The environment wins over `.env`, which is looked
 * for in the working directory, because it may name the files, and in the project's. Throws
 * UsageError with `compose/no-file`.
 */
export async function findProject(options: ComposeOptions, untyped: ProjectFiles, addEnvFiles: AddEnvFiles): Promise<FoundProject> {
  const cwd = resolve(options.directory ?? ".");
  const given = environmentOf(options.env ?? process.env);
  const read: Reader = { cwd, untyped, signal: options.signal ?? new AbortController().signal };
  const names = envFileNames(options, given);
  const named = names && (await Promise.all(names.map((path) => typedFile(path, read))));
  const variables = (env: Environment, directory: string): Environment => {
    const file = named ? undefined : fileIfThere(join(directory, ".env"), { ...read, directory });
    return addEnvFiles(env, named ?? (file ? [file] : []));
  };
  const start = resolve(cwd, options.projectDirectory ?? ".");
  const before = variables(given, start);
  const typed = options.files && options.files.length > 0 ? options.files : namesIn(given);
  const inEnvFile = namesIn(before);
  const paths = [typed, inEnvFile].find(({ length }) => length > 0) ?? defaultNames(cwd);
  const [first = "."] = paths;
  const directory = resolve(cwd, options.projectDirectory ?? (first === "-" ? "." : dirname(resolve(cwd, first))));
  const files: SourceFile[] = [];
  for (const path of paths) {
    if (path === "-" && options.stdin) files.push({ name: "-", text: await collectText(options.stdin, "<stdin>") });
    else
      files.push(
        typed.length > 0 ? await typedFile(path, read) : foundFile(path, { ...read, directory: inEnvFile.length > 0 ? start : directory }),
      );
  }
  return { files, directory, env: variables(before, directory) };
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

/** Returns the files that variables name. */
function namesIn(env: Environment): readonly string[] {
  const separator = env.get("COMPOSE_PATH_SEPARATOR") || ":";
  return (env.get("COMPOSE_FILE") ?? "").split(separator).filter(Boolean);
}

/** Returns the files of the directory, or of one above it. */
function defaultNames(cwd: string): readonly string[] {
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

/** Reads a file that the user named, which may be a pipe. */
async function typedFile(path: string, { cwd, signal }: Reader): Promise<SourceFile> {
  const name = shown(resolve(cwd, path), cwd);
  try {
    return { name, text: await readText(resolve(cwd, path), signal) };
  } catch (error) {
    if (error instanceof CanceledError) throw error;
    throw unreadableComposeFile(name, error);
  }
}

function foundFile(path: string, places: Places): SourceFile {
  const name = shown(resolve(places.cwd, path), places.cwd);
  const file = fileIfThere(path, places);
  if (!file) throw unreadableComposeFile(name, new Error("there is no such file"));
  return file;
}

/**
 * Reads a file that nobody typed; undefined when there is none, or a directory. Its name is
 * relative to the working directory where it is below it.
 */
export function fileIfThere(path: string, { cwd, directory, untyped }: Places): SourceFile | undefined {
  const whole = resolve(cwd, path);
  const name = shown(whole, cwd);
  try {
    if (statSync(whole, { throwIfNoEntry: false })?.isDirectory() !== false) return undefined;
    return untyped.read(whole, { name, directory });
  } catch (error) {
    throw unreadableComposeFile(name, error);
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
