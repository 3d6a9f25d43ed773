import { recordedStep } from "../../../core/recorded-step.js";
import type { ResultIndex, ResultRecord } from "../../../cache/contract/results.js";
import type { CacheKey } from "../../../core/cache-key.js";
import type { BuildEvent, StepExplanation } from "../../../core/events.js";
import type { Decision, EngineVertex, KeyComponents } from "../../../solver/engine/op.js";
import type { PastBuild } from "../../../solver/explain/earlier-builds.js";
import { DecisionExplainer, type StepOrigin } from "../../../solver/explain/explain.js";
import { type NearestOptions, NearestRuns } from "../../../solver/explain/nearest.js";
import { NO_SELECTIONS, RUN, hiddenBy, identity } from "./compared-steps.js";

export interface Earlier {
  readonly name: string;
  readonly identity: string;
  readonly build?: string;
  /** Default: the one that is built. */
  readonly project?: string;
}

/**
 * Explains a decision for `[2/3] RUN make` of build `now` after these earlier records, the last
 * used first.
 */
export function explain(
  earlier: readonly Earlier[],
  decision: Partial<Decision<string>> & { readonly identity?: string },
  origin?: Partial<StepOrigin>,
  builds: readonly PastBuild[] = [],
  importedRuns: ReturnType<NearestOptions["importedRuns"]> = [],
): StepExplanation | undefined {
  const records = earlier.map(
    ({ name, identity: text, build }, index): ResultRecord => ({
      id: index + 1,
      primaryKey: "k" as CacheKey,
      layers: [],
      createdAt: 1000 * (index + 1),
      name,
      components: text === "damaged" ? "{" : JSON.stringify({ identity: text, inputs: [] }),
      build,
      imported: text === "",
    }),
  );
  const results: Pick<ResultIndex, "steps" | "recentSteps" | "get" | "peek"> = {
    steps: (wanted) => records.filter((_, index) => wanted === `${earlier[index]?.project ?? "here"} `),
    recentSteps: () => earlier.map(({ name, project = "here" }) => ({ name, origin: `${project} ` })),
    get: (id) => records[id - 1],
    peek: (key) => records.find(({ id }) => `k${id}` === key),
  };
  const nearest = new NearestRuns({
    results,
    projects: {
      own: "here",
      builds: () => builds,
      isForeign: (project) => project === "foreign",
      describe: (project) => `/contexts/${project}`,
    },
    build: "now",
    importedRuns: () => importedRuns,
    steps: ["[1/3] FROM a", "[2/3] RUN make", "[3/3] RUN test"].map(recordedStep),
  });
  const events: BuildEvent[] = [];
  const explainer = new DecisionExplainer<string>({
    results,
    selections: NO_SELECTIONS,
    hiddenBy,
    onEvent: (event) => events.push(event),
    skipped: false,
    past: ({ name }) => nearest.find(recordedStep(name), ""),
    step: (id) => ({ step: recordedStep(id), args: [], ignoreReason: undefined, ...origin }),
    record: () => records[0],
  });
  const make = (name: string, inputs: readonly EngineVertex<string>[] = []): EngineVertex<string> => ({
    id: name,
    name,
    inputs,
    op: { identity: async () => "", run: async () => "" },
    ignoreCache: false,
    maxAge: 90_000,
    pool: "run",
  });
  const components: KeyComponents = { identity: decision.identity ?? identity(RUN), inputs: [] };
  const { inputs } = "components" in decision && decision.components ? decision.components : components;
  const vertex = make(
    "[2/3] RUN make",
    inputs.map(({ name }) => make(name)),
  );
  explainer.decided({ kind: "run", because: "missing", components, ...decision, vertex } as Decision<string>);
  const [event] = events;
  return event?.type === "explained" ? event.explanation : undefined;
}
