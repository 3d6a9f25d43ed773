import { randomBytes } from "node:crypto";
import type { SourceFile } from "../../core/diagnostics.js";
import type { Digest } from "../../core/digest.js";
import { CanceledError } from "../../core/errors.js";
import type { NodeMeta } from "../../core/file-node.js";
import type { Platform } from "../../oci/platform.js";
import type { LayerService } from "../../solver/layers/layer-service.js";
import { quietReporter } from "../../solver/layers/quiet-reporter.js";
import { failedSteps, keepStep } from "../../solver/ops/failed-step.js";
import type { StepResult } from "../../solver/result.js";
import type { BuildInput } from "../build/build-input.js";
import { loadInput } from "../build/load-input.js";
import { type Look, withLook } from "../build/with-dockerfile.js";
import type { RunExit } from "../commands/exit.js";
import { type CommandOptions, runInState } from "../debug/debug.js";
import { failedState } from "../debug/find-state.js";
import type { StepState } from "../debug/state.js";
import type { LowersOf } from "../debug/step-mounts.js";
import type { BuildOptions } from "../options/options.js";
import { severalPlatforms } from "./errors.js";
import { type PlannedStep, plannedSteps, type SteppedStep } from "./planned-steps.js";
import { stateBefore } from "./state-before.js";

/**
 * Compiles a build and hands it to `use`, which runs its steps one by one. Throws like a build when
 * the Dockerfile has errors. Outputs are not written: `build()` finds all steps cached afterwards.
 */
export async function withSteps<T>(options: BuildOptions, use: (build: SteppedBuild) => Promise<T>): Promise<T> {
  return await withLook(options, async (look) => {
    const { build, solver, session, onEvent } = look;
    const [platform, ...others] = build.platforms as readonly [Platform, ...Platform[]];
    if (others.length > 0) throw severalPlatforms(build.platforms);
    await solver.prepare();
    const input = await loadInput(build, solver, { session, onEvent });
    const { rootfs } = await input.compile(platform);
    return await use(new SteppedBuild({ steps: plannedSteps(rootfs), look, input }));
  });
}

interface SteppedBuildParts {
  readonly steps: readonly PlannedStep[];
  readonly look: Look;
  readonly input: BuildInput;
}

/** A build that stands between two of its steps. */
export class SteppedBuild {
  /** The Dockerfile; undefined for a build without steps. */
  readonly source: SourceFile | undefined;
  /** Steps that the target needs, in the order in which they run. */
  readonly steps: readonly SteppedStep[];
  readonly #planned: readonly PlannedStep[];
  readonly #look: Look;
  readonly #input: BuildInput;
  readonly #layers: LayerService;
  readonly #results = new Map<Digest, StepResult>();
  #next = 0;
  #failed: StepState | undefined;

  constructor({ steps, look, input }: SteppedBuildParts) {
    this.steps = steps;
    this.source = steps[0]?.vertex.metadata.source;
    this.#planned = steps;
    this.#look = look;
    this.#input = input;
    this.#layers = look.solver.layers(undefined);
  }

  /** Number of the step that runs next, from 0; the number of steps when all have run. */
  get next(): number {
    return this.#next;
  }

  /** Runs the next step, or finds its result. A step that throws stays the next. */
  async run(): Promise<void> {
    const step = this.#planned[this.#next];
    if (!step) return;
    const { solver, session } = this.#look;
    try {
      const [result] = await solver.solve([{ vertex: step.vertex, output: 0 }], this.#layers, false, this.#input);
      this.#results.set(step.vertex.digest, result as StepResult);
      this.#next++;
    } catch (error) {
      if (!(error instanceof CanceledError)) {
        const kept = failedSteps(session.store.memo).find(({ digest }) => digest === step.vertex.digest);
        this.#failed = kept && failedState(kept, session.store);
      }
      throw error;
    }
  }

  /** Goes to the step before, whose state is still there. Returns false at the first one. */
  back(): boolean {
    this.#failed = undefined;
    if (this.#next === 0) return false;
    this.#next--;
    return true;
  }

  /** Returns the variables of the next step, `NAME=value`, and its directory, user and command. */
  async surroundings(): Promise<Pick<StepState["op"], "env" | "cwd" | "user" | "args">> {
    const { env, cwd, user, args } = (await this.#state()).op;
    return { env, cwd, user, args };
  }

  /**
   * Returns the nodes in a directory of the root filesystem as the next step finds it, or as it
   * failed. The root directory is "".
   */
  async files(directory: string): Promise<readonly (readonly [name: string, node: NodeMeta])[]> {
    const tree = await this.#layers.view((await this.#state()).layers, this.#quiet);
    return tree.children(directory).flatMap((name) => {
      const node = tree.lookup(directory === "" ? name : `${directory}/${name}`);
      return node === undefined ? [] : [[name, node] as const];
    });
  }

  /** Runs a command where the build stands: before the next step, or where it failed. */
  async command(options: CommandOptions): Promise<RunExit> {
    return await runInState(await this.#state(), options, this.#look.session, this.#layers);
  }

  /** Keeps the state where the build stands. Returns the id that `debug` opens it by. */
  async keep(): Promise<string> {
    const state = await this.#state();
    const { op, layers, mounts, secrets, secretEnv, platform, summary } = state;
    const build = `paused-${randomBytes(4).toString("hex")}`;
    const imported = { ended: summary.failedAt === undefined, mounts: summary.missing };
    keepStep(
      {
        digest: build,
        name: summary.name,
        build,
        at: Date.now(),
        op,
        mounts,
        secrets,
        secretEnv,
        imported,
        ...(platform === undefined ? {} : { platform }),
      },
      layers,
      this.#look.session.store,
    );
    return build;
  }

  async #state(): Promise<StepState> {
    if (this.#failed) return this.#failed;
    // Behind the last step there is no further one: its own surroundings hold.
    const step = this.#planned[this.#next];
    const last = this.#planned.at(-1);
    if (step === undefined && last === undefined) throw new Error("internal: a build without steps has no state");
    const { store } = this.#look.session;
    const lowersOf: LowersOf = async (layers) => (await this.#layers.overlay(layers, this.#quiet)).lowers;
    const before = await stateBefore((step ?? last) as PlannedStep, { results: this.#results, store, lowersOf });
    const result = step === undefined && last !== undefined ? this.#results.get(last.vertex.digest) : undefined;
    if (result?.kind !== "layers" || last === undefined) return before;
    return { ...before, layers: result.layers, summary: { ...before.summary, name: last.name } };
  }

  get #quiet() {
    return quietReporter(this.#look.session.signal);
  }
}
