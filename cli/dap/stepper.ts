import type { SteppedBuild } from "../../api/stepping/stepped-build.js";
import type { SteppedStep } from "../../api/stepping/planned-steps.js";
import { deferred } from "../../core/tasks/deferred.js";
import type { StepBreakpoint } from "./breakpoints.js";

/** Distance that a build goes before it stops again: `out` is to the end of the stage. */
type Way = "continue" | "next" | "out";

/** Reason of a stop, in the words of the protocol. */
type StopReason = "entry" | "breakpoint" | "step" | "pause" | "exception";

interface StepperParts {
  readonly build: Pick<SteppedBuild, "steps" | "next" | "run" | "back">;
  /** Called when the build stops. `failure` is what the step threw. */
  readonly onStop: (reason: StopReason, failure?: unknown) => void;
  /** Called when a step begins, and when a build goes back: states that were shown are old. */
  readonly onMove: (step: SteppedStep | undefined) => void;
}

/** Moves a build from stop to stop. */
export class Stepper {
  breakpoints: readonly StepBreakpoint[] = [];
  readonly #build: StepperParts["build"];
  readonly #onStop: StepperParts["onStop"];
  readonly #onMove: StepperParts["onMove"];
  readonly #ended = deferred();
  #running = false;
  #pauses = false;
  #ends = false;
  #failure: { readonly error: unknown } | undefined;

  constructor({ build, onStop, onMove }: StepperParts) {
    this.#build = build;
    this.#onStop = onStop;
    this.#onMove = onMove;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Error of the step that failed last; undefined when none did. */
  get failure(): unknown {
    return this.#failure?.error;
  }

  /** Promise of the end: all steps have run, the failure was seen, or {@link end} was called. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** True when the build was not ended from outside, and all of its steps have run. */
  get complete(): boolean {
    return !this.#ends && this.#isDone();
  }

  /** Stops before the first step, or goes to the first breakpoint. */
  begin(stopOnEntry: boolean): void {
    if (stopOnEntry) this.#onStop("entry");
    else if (this.#isBreakpoint()) this.#onStop("breakpoint");
    else void this.go("continue");
  }

  /** Ends the build where it stands. */
  end(): void {
    this.#ends = true;
    if (!this.#running) this.#ended.resolve();
  }

  /** Stops behind the step that runs. */
  pause(): void {
    this.#pauses = this.#running;
  }

  /**
   * Runs steps until there is a reason to stop. Ends the build behind the last step or a failure.
   */
  async go(way: Way): Promise<void> {
    if (this.#running) return;
    if (this.#ends || this.#isDone() || this.#failure !== undefined) return this.#ended.resolve();
    this.#running = true;
    this.#pauses = false;
    const stage = this.#stage();
    try {
      let reason: StopReason | "end" | undefined;
      while (reason === undefined) {
        this.#onMove(this.#build.steps[this.#build.next]);
        await this.#build.run();
        reason = this.#ends ? "end" : this.#reason(way, stage);
      }
      this.#running = false;
      if (reason === "end") this.#ended.resolve();
      else this.#onStop(reason);
    } catch (error) {
      this.#running = false;
      this.#failure = { error };
      if (this.#ends) this.#ended.resolve();
      else this.#onStop("exception", error);
    }
  }

  /** Goes back by a step, or to the breakpoint before. The steps' results are still there. */
  back(way: "continue" | "next"): void {
    if (this.#running) return;
    this.#failure = undefined;
    this.#onMove(undefined);
    while (this.#build.back()) {
      if (way === "next") return this.#onStop("step");
      if (this.#isBreakpoint()) return this.#onStop("breakpoint");
    }
    this.#onStop("entry");
  }

  /** Returns the reason to stop behind a step, or the end; undefined to go on. */
  #reason(way: Way, stage: string | undefined): StopReason | "end" | undefined {
    if (way === "continue" && this.#isDone()) return "end";
    if (this.#pauses) return "pause";
    if (way === "next" || (way === "out" && this.#stage() !== stage)) return "step";
    return this.#isBreakpoint() ? "breakpoint" : undefined;
  }

  #isDone(): boolean {
    return this.#build.next === this.#build.steps.length;
  }

  #stage(): string | undefined {
    return this.#build.steps[this.#build.next]?.stage;
  }

  #isBreakpoint(): boolean {
    return this.breakpoints.some(({ step }) => step === this.#build.next);
  }
}
