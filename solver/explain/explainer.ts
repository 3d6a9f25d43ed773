import type { ResultIndex, ResultRecord } from "../../cache/contract/results.js";
import { formatDuration } from "../../core/duration.js";
import { type EventSink, now, type StepChange, type StepExplanation, type StepId } from "../../core/events.js";
import type { EarlierStep } from "../context.js";
import type { CachedResult, Decision, EngineVertex, KeyComponents } from "../engine/op.js";
import { compareSteps } from "./components.js";
import { explainCovered, explainFound, stepRecord } from "./found.js";
import type { Selections } from "./selections.js";
import { likeness, likenessElsewhere, parseStepName } from "./step-names.js";

/** How many changes an explanation holds, and how many its text tells. */
const MOST_CHANGES = 50;
const TOLD_CHANGES = 3;

const GONE = "its earlier result is no longer in the store";

interface EarlierRun {
  readonly record: ResultRecord;
  readonly name: string;
  readonly components: KeyComponents;
}

/** What the graph knows of a step beside what the engine sees. */
export interface StepOrigin {
  /** See `NewResult.origin`; undefined: the step cannot be compared. */
  readonly origin: string | undefined;
  /** Names of environment variables that are build arguments. */
  readonly args: readonly string[];
  /** What told the step to ignore the cache: `--no-cache`. */
  readonly ignoreReason: string | undefined;
}

export interface ExplainerOptions<R> {
  readonly results: Pick<ResultIndex, "steps" | "get" | "peek">;
  readonly selections: Pick<Selections, "differing">;
  readonly onEvent: EventSink;
  /** Whether to explain steps that were not even looked at, each of which costs a look-up. */
  readonly skipped: boolean;
  /** Id of this build: what it made itself is no earlier run. */
  readonly build: string | undefined;
  readonly step: (vertexId: string) => StepOrigin;
  /** What became of the step of this name in the last build, for those that no record is left of. */
  readonly earlier: (name: string) => EarlierStep | undefined;
  /** The record behind a hit of the cache. */
  readonly record: (hit: CachedResult<R>) => ResultRecord | undefined;
}

/** Turns the engine's decisions into `explained` events: what a step that runs differs in from the nearest earlier run of it. */
export class Explainer<R> {
  readonly #options: ExplainerOptions<R>;
  readonly #steps = new Map<string, ReturnType<ResultIndex["steps"]>>();

  constructor(options: ExplainerOptions<R>) {
    this.#options = options;
  }

  readonly decided = (decision: Decision<R>): void => {
    if (decision.kind === "skipped" && !this.#options.skipped) return;
    const explanation = this.#tryExplain(decision);
    if (!explanation) return;
    this.#options.onEvent({ type: "explained", step: decision.vertex.id as StepId, at: now(), explanation });
  };

  /** What is read here was written by earlier builds, and may be damaged or vanish: then a step goes unexplained, and the build goes on. */
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
        return { outcome: "ran", reason: "expired", text: `its result is older than ${formatDuration(vertex.maxAge ?? 0)}`, changes: [] };
      case "missing":
        return this.#compare(vertex, components);
    }
  }

  #compare(vertex: EngineVertex<R>, components: KeyComponents): StepExplanation {
    const { origin, args } = this.#options.step(vertex.id);
    const earlier = origin === undefined ? undefined : this.#earlierRun(origin, vertex.name);
    if (!earlier) return this.#withoutRecord(vertex);
    const changes = compareSteps(
      { name: earlier.name, components: earlier.components },
      { name: vertex.name, components },
      { args: new Set(args), selections: this.#options.selections },
    );
    const record = stepRecord(earlier.record);
    if (changes.length === 0) return { outcome: "ran", reason: "gone", text: GONE, changes, record };
    return { outcome: "ran", reason: "changed", text: tell(changes), changes: changes.slice(0, MOST_CHANGES), record };
  }

  #withoutRecord({ name }: EngineVertex<R>): StepExplanation {
    const before = this.#options.earlier(name);
    if (!before) return { outcome: "ran", reason: "new", text: "it is new: no earlier build had this step", changes: [] };
    return before.finished
      ? { outcome: "ran", reason: "gone", text: GONE, changes: [] }
      : { outcome: "ran", reason: "unfinished", text: `it did not finish in build ${before.build}`, changes: [] };
  }

  #earlierRun(origin: string, name: string): EarlierRun | undefined {
    const nearest = this.#nearest(origin, name, likeness);
    // The last build had this very step, and its result may be that of a step of another stage.
    return nearest ?? (this.#options.earlier(name)?.finished ? this.#nearest(origin, name, likenessElsewhere) : undefined);
  }

  /** The most recently used of those that fit best. */
  #nearest(origin: string, name: string, likenessOf: typeof likeness): EarlierRun | undefined {
    let steps = this.#steps.get(origin);
    if (!steps) this.#steps.set(origin, (steps = this.#options.results.steps(origin)));
    const wanted = parseStepName(name);
    const ranked = steps
      .map((step) => ({ id: step.id, fit: likenessOf(wanted, parseStepName(step.name)) }))
      .filter(({ fit }) => fit > 0)
      .sort((a, b) => b.fit - a.fit);
    for (const { id } of ranked) {
      const record = this.#options.results.get(id);
      const components = record && record.build !== this.#options.build ? readComponents(record.components) : undefined;
      if (record && components) return { record, name: record.name, components };
    }
    return undefined;
  }
}

function tell(changes: readonly StepChange[]): string {
  const told = changes.slice(0, changes.length === TOLD_CHANGES + 1 ? TOLD_CHANGES + 1 : TOLD_CHANGES).map(({ text }) => text);
  const more = changes.length - told.length;
  return [...told, ...(more > 0 ? [`and ${more} more`] : [])].join("; ");
}

function readComponents(text: string): KeyComponents | undefined {
  try {
    const value = JSON.parse(text) as Partial<KeyComponents>;
    return typeof value.identity === "string" && Array.isArray(value.inputs) ? (value as KeyComponents) : undefined;
  } catch {
    return undefined;
  }
}
