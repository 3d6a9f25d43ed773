import type { ResultIndex, ResultRecord } from "../../cache/contract/results.js";
import type { CacheKey } from "../../core/cache-key.js";
import { recordedStep } from "../../core/recorded-step.js";
import type { StepInfo } from "../../core/step.js";
import type { ExplainContext, PastBuild, Projects } from "./earlier-builds.js";
import type { KeyComponents } from "../engine/op.js";
import { readComponents } from "./components.js";
import { sharedSteps } from "./step-similarity.js";
import { type StepMatch, isSameText, OwnSteps, StepTable } from "./step-table.js";

/** A run that a step is compared with. */
interface EarlierRun {
  readonly record: Pick<ResultRecord, "createdAt" | "build"> & { readonly id?: number };
  readonly step: StepInfo;
  readonly components: KeyComponents;
  /** True when its components are redacted. */
  readonly redacted: boolean;
  /** Context of another project, for people; undefined for this build's project. */
  readonly otherContext: string | undefined;
}

/** Earlier runs of a step. */
export interface EarlierRuns {
  /** Run that compares best. */
  readonly run: EarlierRun | undefined;
  /**
   * The nearest build with this very step, whether the step finished there, and whether its result
   * exists without components.
   */
  readonly last: { readonly build: string; readonly finished: boolean; readonly unknown: boolean } | undefined;
}

export interface NearestOptions {
  readonly results: Pick<ResultIndex, "steps" | "recentSteps" | "get" | "peek">;
  readonly projects: Projects;
  /** Id of this build, whose own results are no earlier runs. */
  readonly build: string | undefined;
  /** All steps of this build. */
  readonly steps: readonly StepInfo[];
  readonly importedRuns: ExplainContext["importedRuns"];
}

/** A step that has a result. */
type UsedStep = ReturnType<NearestOptions["results"]["steps"]>[number];

/** Fewer steps in common mean nothing: many Dockerfiles hold `COPY . .`. */
const MIN_SHARED = 2;
/** Projects that are compared because they have most steps in common. */
const MAX_ALIKE = 3;

/**
 * Finds the run that a step compares with best. The nearest builds of the history come first. When
 * none of them had the step, the latest used result of this project is taken, then one of a project
 * that has most of this build's steps. Within one build or project the step that fits best counts.
 */
export class NearestRuns {
  readonly #options: NearestOptions;
  readonly #own: OwnSteps;
  /** Steps of builds and caches, by their lists. */
  readonly #tables = new WeakMap<readonly unknown[], unknown>();
  /** Steps with results when they were asked for first, by origin. */
  readonly #withResult = new Map<string, StepTable<UsedStep>>();
  #alike: readonly string[] | undefined;

  constructor(options: NearestOptions) {
    this.#options = options;
    this.#own = new OwnSteps(options.steps);
  }

  /** Finds the earlier runs of a step. `platform` is its form in origins; empty accepts any. */
  find(wanted: StepInfo, platform: string): EarlierRuns {
    const { projects } = this.#options;
    let last: EarlierRuns["last"];
    for (const build of projects.builds()) {
      const best = this.#bestOf(build.steps, ({ step }) => step, wanted);
      if (!best) continue;
      const { finished, key } = best.item;
      if (isSameText(best)) last ??= { build: build.id, finished, unknown: this.#isUnknown(key) };
      const run = finished ? this.#runOf(best.item, build) : undefined;
      if (run) return { run, last };
      // The step's own result is missing. Only an imported cache can say whether anything changed.
      if (finished && isSameText(best)) return { run: this.#imported(wanted), last };
    }
    return { run: this.#used(projects.own, platform, wanted) ?? this.#imported(wanted) ?? this.#usedByOthers(platform, wanted), last };
  }

  #runOf({ key }: PastBuild["steps"][number], { otherContext }: PastBuild): EarlierRun | undefined {
    const id = key === undefined ? undefined : this.#options.results.peek(key)?.id;
    return id === undefined ? undefined : this.#run(id, otherContext);
  }

  #run(id: number, otherContext: string | undefined): EarlierRun | undefined {
    const { results, build } = this.#options;
    const record = results.get(id);
    const components = record && (build === undefined || record.build !== build) ? readComponents(record.components) : undefined;
    // Some caches have no components.
    if (!record || !components || (record.imported && components.identity === "")) return undefined;
    return { record, step: recordedStep(record.name), components, redacted: record.imported, otherContext };
  }

  /** Returns true when there is a result without components. */
  #isUnknown(key: CacheKey | undefined): boolean {
    const { results } = this.#options;
    const source = key === undefined ? undefined : results.peek(key);
    const record = source?.id === undefined ? undefined : results.get(source.id);
    return record !== undefined && record.imported && readComponents(record.components)?.identity === "";
  }

  #imported(wanted: StepInfo): EarlierRun | undefined {
    for (const { from, runs } of this.#options.importedRuns()) {
      const best = this.#bestOf(runs, ({ name }) => recordedStep(name), wanted);
      if (!best) continue;
      const { step, item } = best;
      const { createdAt, components } = item;
      return { record: { createdAt, build: undefined }, step, components, redacted: true, otherContext: from };
    }
    return undefined;
  }

  #bestOf<T>(items: readonly T[], stepOf: (item: T) => StepInfo, wanted: StepInfo): StepMatch<T> | undefined {
    let table = this.#tables.get(items) as StepTable<T> | undefined;
    if (!table) this.#tables.set(items, (table = new StepTable({ items, stepOf, own: this.#own })));
    return table.best(wanted);
  }

  #used(project: string, platform: string, wanted: StepInfo, otherContext?: string): EarlierRun | undefined {
    const origin = `${project} ${platform}`;
    let table = this.#withResult.get(origin);
    if (!table) {
      // The table ignores what this build saves from now on: that is no earlier run.
      table = new StepTable({ items: this.#options.results.steps(origin), stepOf: ({ name }) => recordedStep(name), own: this.#own });
      this.#withResult.set(origin, table);
    }
    const useless = new Set<number>();
    for (;;) {
      const best = table.best(wanted, ({ id }) => !useless.has(id));
      if (!best) return undefined;
      const run = this.#run(best.item.id, otherContext);
      if (run) return run;
      useless.add(best.item.id);
    }
  }

  #usedByOthers(platform: string, wanted: StepInfo): EarlierRun | undefined {
    this.#alike ??= this.#findAlike();
    for (const project of this.#alike) {
      const found = this.#used(project, platform, wanted, this.#options.projects.describe(project));
      if (found) return found;
    }
    return undefined;
  }

  #findAlike(): readonly string[] {
    const { results, projects } = this.#options;
    const wanted = this.#own.all.filter(({ kind }) => kind === "instruction");
    const others = new Map<string, StepInfo[]>();
    for (const { origin, name } of results.recentSteps()) {
      const project = origin.split(" ", 1)[0] as string;
      if (project === projects.own) continue;
      const known = others.get(project);
      if (known) known.push(recordedStep(name));
      else others.set(project, [recordedStep(name)]);
    }
    return [...others]
      .map(([project, steps]) => ({ project, shared: sharedSteps(wanted, steps) }))
      .filter(({ project, shared }) => shared >= MIN_SHARED && shared * 2 >= wanted.length && !projects.isForeign(project))
      .sort((a, b) => b.shared - a.shared)
      .slice(0, MAX_ALIKE)
      .map(({ project }) => project);
  }
}
