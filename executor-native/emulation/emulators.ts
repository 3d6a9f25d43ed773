import { execFile } from "node:child_process";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { helperPath } from "../helper-path.js";
import type { StepEmulator } from "../contract.js";
import { type Interpreter, interpretersHere } from "./interpreters.js";
import { PROCESSORS, type Processor, processorOf, programStart, registration } from "./processors.js";

const run = promisify(execFile);

/** A platform that steps can run, and the emulator that does it. */
export interface RunnablePlatform {
  readonly platform: string;
  /** Undefined where the processor or the machine's own setting does it. */
  readonly by: string | undefined;
  readonly native: boolean;
}

/** Task of the worker that every worker has: the platforms that its steps can run. */
export const PLATFORMS_TASK = "platforms";

interface EmulatorsOptions {
  /** Place for files of its own. */
  readonly directory: string;
  readonly interpreters?: () => readonly Interpreter[];
  /**
   * True where a loader of ours starts the programs of steps, which knows this processor only:
   * nothing is registered, and the loader starts the emulator.
   */
  readonly hasLoader?: boolean;
}

/** Programs of other processors in the user namespace of this process. */
export class Emulators {
  readonly #directory: string;
  readonly #interpreters: () => readonly Interpreter[];
  readonly #hasLoader: boolean;
  /** Resolves with the emulators that this user namespace was given. */
  #own: Promise<readonly Interpreter[]> | undefined;
  readonly #machine = new Map<string, Promise<boolean>>();

  constructor({ directory, interpreters = interpretersHere, hasLoader = false }: EmulatorsOptions) {
    this.#directory = directory;
    this.#hasLoader = hasLoader;
    this.#interpreters = interpreters;
  }

  /** Makes steps of the platform run, as far as this machine can do it. */
  async prepare(platform: string): Promise<void> {
    const processor = processorOf(platform);
    if (this.#hasLoader || processor === undefined || processor.native.includes(process.arch)) return;
    if (!(await this.#machineRuns(processor))) await this.#register();
  }

  /** Returns the emulator that a loader of ours starts for the platform, where steps have one. */
  ofLoader(platform: string): StepEmulator | undefined {
    if (!this.#hasLoader) return undefined;
    const found = this.#interpreters().find(({ processor }) => processor === processorOf(platform));
    return found && { machine: found.processor.machine, path: found.path };
  }

  /** Returns every platform that steps can run. */
  async platforms(): Promise<readonly RunnablePlatform[]> {
    const found: RunnablePlatform[] = [];
    const byMachine: Processor[] = [];
    const own = PROCESSORS.find(({ native }) => native.includes(process.arch));
    if (this.#hasLoader) {
      return [
        ...(own ? [{ platform: `linux/${own.architecture}`, by: undefined, native: true }] : []),
        ...this.#interpreters().map(({ processor, path }) => ({ platform: `linux/${processor.architecture}`, by: path, native: false })),
      ];
    }
    for (const processor of PROCESSORS) {
      const platform = `linux/${processor.architecture}`;
      if (processor.native.includes(process.arch)) found.push({ platform, by: undefined, native: true });
      else if (await this.#machineRuns(processor)) byMachine.push(processor);
    }
    for (const { architecture } of byMachine) found.push({ platform: `linux/${architecture}`, by: undefined, native: false });
    for (const { processor, path } of await this.#register())
      if (!byMachine.includes(processor)) found.push({ platform: `linux/${processor.architecture}`, by: path, native: false });
    return found;
  }

  #machineRuns(processor: Processor): Promise<boolean> {
    const known = this.#machine.get(processor.architecture) ?? this.#try(processor);
    this.#machine.set(processor.architecture, known);
    return known;
  }

  /** Returns true when the kernel starts something for a program of the processor. */
  async #try(processor: Processor): Promise<boolean> {
    const file = join(this.#directory, `program-${processor.architecture}`);
    try {
      writeFileSync(file, programStart(processor));
      chmodSync(file, 0o755);
      const { stdout } = await run(helperPath(), ["runs", file], { env: {}, cwd: "/" });
      return works(stdout).length === 1;
    } catch {
      return false;
    } finally {
      rmSync(file, { force: true });
    }
  }

  #register(): Promise<readonly Interpreter[]> {
    this.#own ??= this.#registerAll();
    return this.#own;
  }

  async #registerAll(): Promise<readonly Interpreter[]> {
    const found = this.#interpreters();
    if (found.length === 0) return [];
    try {
      const place = join(this.#directory, "interpreters");
      mkdirSync(this.#directory, { recursive: true });
      const pairs = found.flatMap(({ processor, path }) => [path, registration(processor, path)]);
      const { stdout } = await run(helperPath(), ["emulate", place, ...pairs], { env: {}, cwd: "/" });
      const working = works(stdout);
      return found.filter(({ path }) => working.includes(path));
    } catch {
      return [];
    }
  }
}

/** Returns what the native part says works. */
function works(output: string): readonly string[] {
  return output
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { readonly status: string; readonly feature: string })
    .filter(({ status }) => status === "ok")
    .map(({ feature }) => feature);
}
