import type { ResultIndex, ResultRecord } from "../../cache/contract/results.js";
import { formatTimeSpan } from "../../core/text/time-span.js";
import { type EventSink, now, type StepChange, type StepExplanation, type StepId } from "../../core/events.js";
import type { CachedResult, Decision, EngineVertex, KeyComponents } from "../engine/op.js";
import { recordedStep } from "../../core/recorded-step.js";
import type { StepInfo } from "../../core/step.js";
import { type ComparedStep, compareSteps } from "./components.js";
import { explainCovered, explainFound, stepRecord } from "./cached-step.js";
import type { Selections } from "./selections.js";
import { redact } from "./redaction.js";
import type { EarlierRuns } from "./nearest.js";

/** Changes that an explanation holds, and changes that its text names. */
const MAX_CHANGES = 50;
const SHOWN_CHANGES = 3;

const GONE = "its earlier result is not in the store";

const UNKNOWN = "something changed: another machine made its earlier result, and did not say of what";

/** Data of a step in the graph beside those of the engine. */
export interface StepOrigin {
  readonly step: StepInfo;
  /** Names of environment variables that are build arguments. */
  readonly args: readonly string[];
  /** Option that made the step ignore the cache: `--no-cache`. */
  readonly ignoreReason: string | undefined;
}

interface DecisionExplainerOptions<R> {
  readonly results: Pick<ResultIndex, "peek">;
  readonly past: (vertex: EngineVertex<R>) => EarlierRuns;
  readonly selections: Pick<Selections, "differing">;
  /** Returns the rule that hides a path, see `CompareOptions.hiddenBy`. */
  readonly hiddenBy: (vertexId: string, path: string) => string | undefined;
  readonly onEvent: EventSink;
  /** True explains steps that were not even looked up, each of which costs a look-up. */
  readonly skipped: boolean;
  readonly step: (vertexId: string) => StepOrigin;
  /** Returns the record behind a hit of the cache. */
  readonly record: (hit: CachedResult<R>) => ResultRecord | undefined;
}

/**
 * Turns the engine's decisions into `explained` events: the differences of a running step from its
 * nearest earlier run.
 */
export class DecisionExplainer<R> {
  readonly #options: DecisionExplainerOptions<R>;

  constructor(options: DecisionExplainerOptions<R>) {
    this.#options = options;
  }

  readonly decided = (decision: Decision<R>): void => {
    if (decision.kind === "skipped" && !this.#options.skipped) return;
    const explanation = this.#tryExplain(decision);
    if (!explanation) return;
    this.#options.onEvent({ type: "explained", step: decision.vertex.id as StepId, at: now(), explanation });
  };

  /**
   * Explains a decision. Earlier builds wrote the data, which may be damaged or vanish: then a step
   * goes unexplained, and the build goes on.
   */
  #tryExplain(decision: Decision<R>): StepExplanation | undefined {
    try {
      return this.#explain(decision);
    } catch {
      return undefined;
    }
  }

  #explain(decision: Decision<R>): StepExplanation {
    if (decision.kind === "found") return explainFound(this.#options.record(decision.hit));
    if (decision.kind === "skipped") return explainCovered(this.#options.results.peek(decision.key), decision.coveredBy()?.name);
    const { vertex, because, components } = decision;
    const { ignoreReason } = this.#options.step(vertex.id);
    switch (because) {
      case "ignored":
        return { outcome: "ran", reason: "no-cache", text: ignoreReason ?? "it ignores the cache", changes: [] };
      case "expired":
        return { outcome: "ran", reason: "expired", text: `its result is older than ${formatTimeSpan(vertex.maxAge ?? 0)}`, changes: [] };
      case "missing":
        return this.#compare(vertex, components);
    }
  }

  #compared({ id, inputs }: EngineVertex<R>, components: KeyComponents): ComparedStep {
    const { step } = this.#options;
    return {
      step: step(id).step,
      identity: components.identity,
      inputs: inputs.map((input, index) => ({
        step: step(input.id).step,
        key: components.inputs[index]?.key ?? "",
        vertexId: input.id,
      })),
    };
  }

  #compare(vertex: EngineVertex<R>, components: KeyComponents): StepExplanation {
    const { args } = this.#options.step(vertex.id);
    const { run: earlier, last } = this.#options.past(vertex);
    const unfinished = last && !last.finished ? `it did not finish in build ${last.build}` : undefined;
    if (!earlier || (earlier.otherContext !== undefined && unfinished !== undefined)) return withoutRecord(last);
    const changes = compareSteps(
      comparedRecord(earlier.step, earlier.components),
      this.#compared(vertex, earlier.redacted ? redact(components) : components),
      { args: new Set(args), selections: this.#options.selections, hiddenBy: this.#options.hiddenBy },
    );
    const record = stepRecord({ id: undefined, ...earlier.record });
    if (changes.length === 0) return { outcome: "ran", reason: "gone", text: GONE, changes, record };
    const changed = describe(changes, earlier.otherContext);
    // Nothing needs to have changed since the build in which it failed.
    const text = unfinished === undefined ? changed : `${unfinished}; before that: ${changed}`;
    return { outcome: "ran", reason: "changed", text, changes: changes.slice(0, MAX_CHANGES), record };
  }
}

/** Returns the run of a record, ready to be compared. */
export function comparedRecord(step: StepInfo, { identity, inputs }: KeyComponents): ComparedStep {
  return { step, identity, inputs: inputs.map(({ name, key }) => ({ step: recordedStep(name), key })) };
}

function withoutRecord(last: EarlierRuns["last"]): StepExplanation {
  if (last?.unknown) return { outcome: "ran", reason: "changed", text: UNKNOWN, changes: [] };
  if (!last) return { outcome: "ran", reason: "new", text: "it is new: no earlier build had this step", changes: [] };
  return last.finished
    ? { outcome: "ran", reason: "gone", text: GONE, changes: [] }
    : { outcome: "ran", reason: "unfinished", text: `it did not finish in build ${last.build}`, changes: [] };
}

function describe(changes: readonly StepChange[], otherContext: string | undefined): string {
  // One option may hold for several files.
  const texts = [...new Set(changes.map(({ text }) => text))];
  const shown = texts.slice(0, texts.length === SHOWN_CHANGES + 1 ? SHOWN_CHANGES + 1 : SHOWN_CHANGES);
  const more = texts.length - shown.length;
  const text = [...shown, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
  // Skip the note when only the parent changed: the text above says so already.
  return otherContext === undefined || changes.every(({ kind, from, to }) => kind === "parent" && from === undefined && to === undefined)
    ? text
    : `${text}, compared with ${otherContext}`;
}
