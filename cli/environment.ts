import { notPrinted } from "./errors.js";
import type { Readable, Writable } from "node:stream";
import type { BakeFile, BakeOptions } from "../api/bake/bake-options.js";
import type { ComposeFile, ComposeOptions } from "../api/compose/compose-options.js";
import type { CombinedImage, CombineOptions } from "../api/image-store/combine-images.js";
import type { RemoteImage, RemoteOptions } from "../api/image-store/remote-image.js";
import type { DebugOptions, FailedStepSummary, StepStateSummary } from "../api/debug/debug.js";
import type { DiffEntry, DiffOptions } from "../api/diff/diff.js";
import type { ExportStepOptions } from "../api/debug/export-state.js";
import type { ImportedStep } from "../api/debug/import-state.js";
import type { SteppedBuild } from "../api/stepping/stepped-build.js";
import type { BuildGraph } from "../api/build/build-graph.js";
import type { RunExit } from "../api/commands/exit.js";
import type { RunOptions } from "../api/run/run-options.js";
import type { BuildTargetsOptions } from "../api/build/build-targets.js";
import type { BuildHistoryStore } from "../api/record/build-record.js";
import type { BuildOptions, BuildResult, CheckOptions, CheckResult, ImageStore, Outline, Target } from "../api/options/options.js";
import type { Server, ServeOptions } from "../api/server/options.js";
import type { DoctorReport } from "../api/options/doctor-types.js";
import type { LoginOptions, LoginResult, LogoutOptions, LogoutResult } from "../api/image-store/registry-login.js";
import type { SourceFile } from "../core/diagnostics.js";
import { systemErrorCode } from "../core/errors.js";
import { hostPath } from "../api/texts/surroundings.js";
import { storeWithoutHome } from "../core/system/store-without-home.js";

/**
 * The part of the library that the commands use. The library is loaded only when a command needs
 * it.
 */
export interface CliApi {
  build(options: BuildOptions): Promise<BuildResult>;
  buildTargets(options: BuildTargetsOptions): Promise<Readonly<Record<string, BuildResult>>>;
  readBake(options: BakeOptions): Promise<BakeFile>;
  readCompose(options: ComposeOptions): Promise<ComposeFile>;
  debug(options: DebugOptions): Promise<RunExit>;
  diff(options: DiffOptions): Promise<readonly DiffEntry[]>;
  exportStep(options: ExportStepOptions): Promise<StepStateSummary>;
  importStep(source: string, options: { readonly root?: string; readonly signal?: AbortSignal }): Promise<ImportedStep>;
  withSteps<T>(options: BuildOptions, use: (build: SteppedBuild) => Promise<T>): Promise<T>;
  failedSteps(options: { readonly root?: string }): Promise<readonly FailedStepSummary[]>;
  run(options: RunOptions): Promise<RunExit>;
  check(options: CheckOptions): Promise<CheckResult>;
  outline(options: CheckOptions): Promise<Outline & { readonly source: SourceFile }>;
  targets(options: CheckOptions): Promise<{ readonly targets: readonly Target[]; readonly source: SourceFile }>;
  buildGraph(options: BuildOptions): Promise<BuildGraph>;
  collect(options: { readonly root?: string; readonly cacheBudget?: number | string; readonly ifDue?: boolean }): Promise<void>;
  openImageStore(options: { readonly root?: string }): Promise<ImageStore>;
  serve(options: ServeOptions): Promise<Server>;
  openBuildHistory(options: { readonly root?: string }): Promise<BuildHistoryStore>;
  combineImages(options: CombineOptions): Promise<CombinedImage>;
  inspectRemote<T>(ref: string, options: RemoteOptions, use: (image: RemoteImage) => Promise<T>): Promise<T>;
  login(options: LoginOptions): Promise<LoginResult>;
  logout(options: LogoutOptions): Promise<LogoutResult>;
  doctor(options: { readonly root?: string }): Promise<DoctorReport>;
}

/**
 * Everything outside of the program that a command uses. Only main.ts knows `process`; tests pass
 * fakes.
 */
export interface CliEnvironment {
  readonly api: CliApi;
  readonly stdin: Readable & { readonly isTTY?: boolean; readonly setRawMode?: (raw: boolean) => unknown };
  readonly stdout: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly stderr: Writable & { readonly isTTY?: boolean; readonly columns?: number; readonly rows?: number };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Words that start this program again. */
  readonly program: readonly string[];
  /** Directory that relative paths on the command line are resolved against. */
  readonly cwd: string;
  /** Sets a variable of the process, for flags that docker reads before its command. */
  readonly setVariable: (name: string, value: string) => void;
  /** Aborted by ctrl-c. */
  readonly signal: AbortSignal;
  /**
   * Hands signals to a function in the place of an abort, until the returned one is called. False
   * means that the signal aborts all the same.
   */
  readonly takeSignals: (take: (name: NodeJS.Signals) => boolean) => () => void;
  /** Milliseconds since the epoch, for "3 minutes ago". */
  readonly now: () => number;
}

/**
 * Runs a command with its arguments, without its own name. Resolves to the exit code. The caller
 * renders thrown errors.
 */
export interface Command {
  run(args: readonly string[], environment: CliEnvironment): Promise<number>;
}

/**
 * Returns the store option of a command, from `--root` or the environment. Prints the store's
 * directory for a user who has no home.
 */
export function storeRoot(environment: CliEnvironment, flag: string | undefined): { readonly root?: string } {
  const named = flag || environment.env["TSBUILD_ROOT"];
  if (named) return { root: hostPath(environment, named) };
  const homeless = storeWithoutHome(environment.env);
  if (homeless === undefined) return {};
  const root = homeless.path;
  void printStderr(environment, `warning: ${homeless.reason}, so the store is in ${root}; TSBUILD_ROOT or --root names another place\n`);
  return { root };
}

/**
 * Writes text and waits until the stream has taken it. Rejects with the system's error when the
 * reader has gone (EPIPE), else with `cli/write-failed`.
 */
export function print(stream: Writable, text: string | Uint8Array): Promise<void> {
  return new Promise((done, fail) => {
    stream.write(text, (error) => {
      if (!error) done();
      else if (systemErrorCode(error) === "EPIPE") fail(error);
      else fail(notPrinted(error));
    });
  });
}

/**
 * Writes a message for the user to the standard error. A missing reader changes neither the work
 * nor the exit code.
 */
export function printStderr(environment: CliEnvironment, text: string): Promise<void> {
  return print(environment.stderr, text).catch(() => undefined);
}

/** Runs `body` with the image store and closes it afterwards. */
export async function withStore<T>(
  environment: CliEnvironment,
  root: string | undefined,
  body: (store: ImageStore) => T | Promise<T>,
): Promise<T> {
  return withOpen(await environment.api.openImageStore(storeRoot(environment, root)), body);
}

/** Runs `body` with the history of builds and closes it afterwards. */
export async function withHistory<T>(
  environment: CliEnvironment,
  root: string | undefined,
  body: (history: BuildHistoryStore) => T | Promise<T>,
): Promise<T> {
  return withOpen(await environment.api.openBuildHistory(storeRoot(environment, root)), body);
}

async function withOpen<R extends { close(): void }, T>(opened: R, body: (opened: R) => T | Promise<T>): Promise<T> {
  try {
    return await body(opened);
  } finally {
    opened.close();
  }
}
