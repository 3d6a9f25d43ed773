import { setMaxListeners } from "node:events";
import { throwIfAborted, TsbuildError } from "../../core/errors.js";
import { type BuildEvent, now, type StepId } from "../../core/events.js";
import { sha256 } from "../../core/digest.js";
import { nameOfTarget } from "../../core/recorded-step.js";
import { withResource } from "../../core/tasks/with-resource.js";
import { checkOutputs } from "../options/check-outputs.js";
import type { BuildOptions, BuildResult, CommonOptions } from "../options/options.js";
import { resolveBuildOptions, type ResolvedBuildOptions } from "../options/resolve-options.js";
import { Session } from "../session/session.js";
import { collectBelow } from "../store/collect.js";
import { buildInSession } from "./build.js";
import { JoinedGraph, type JoinedTarget } from "./joined-graph.js";
import { linkOrder, linksOf, TARGET_SCHEME } from "./target-links.js";

/** Options of several builds at once. */
export interface BuildTargetsOptions
  extends CommonOptions,
    Pick<BuildOptions, "isolation" | "cacheBudget" | "collect" | "history" | "jobs"> {
  /**
   * Builds by name. A context `target:NAME` is the result of another one. The other options here
   * are those of all, and win over theirs. `jobs` counts the steps of all; its default is the
   * highest of theirs.
   */
  readonly targets: Readonly<Record<string, BuildOptions>>;
  /** True goes on after a failure with what does not need the failed target. Default false. */
  readonly keepGoing?: boolean;
  /** Called when a target has ended; without `keepGoing`, among failures only for the first. */
  readonly onEnd?: (target: string, outcome: { readonly result: BuildResult } | { readonly error: unknown }) => void;
}

/**
 * Builds several targets together: as one graph, in which each step that they share runs once.
 * Events come with ids and names of their target; a shared step is shown for the first that has it.
 * The first failure cancels the others, and is thrown, unless `keepGoing` is set. Returns the
 * results by name. Throws as `build` does, and `build/targets` for contexts that lead in a circle
 * or to no target.
 */
export async function buildTargets(options: BuildTargetsOptions): Promise<Readonly<Record<string, BuildResult>>> {
  const { targets, keepGoing, onEnd, ...shared } = options;
  const order = linkOrder(targets);
  const failing = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failing.signal]) : failing.signal;
  setMaxListeners(0, signal);
  const all = resolveBuildOptions({ ...shared, signal });
  const builds = new Map(
    order.map((name) => {
      const { build, links } = withoutLinks({ ...targets[name], ...shared, signal });
      return [name, { links, resolved: resolveBuildOptions(build) }] as const;
    }),
  );
  for (const { resolved } of builds.values()) await checkOutputs(resolved.outputs, resolved.cacheTo);
  throwIfAborted(options.signal);
  const results = await withResource(new Session(all, { several: true }), (session) =>
    new TargetBuilds({ builds, session, failing, keepGoing: keepGoing ?? false, onEnd }).run(),
  );
  const { root, budget } = all;
  if (!all.collect || budget === undefined || !Object.values(results).some(({ collectionDue }) => collectionDue)) return results;
  // The builds have succeeded in any case; the next one collects again.
  await collectBelow({ root, budget, ifDue: false }).catch(() => undefined);
  return Object.fromEntries(Object.entries(results).map(([name, result]) => [name, { ...result, collectionDue: false }]));
}

function withoutLinks(build: BuildOptions): { readonly build: BuildOptions; readonly links: ReadonlyMap<string, string> } {
  const links = linksOf(build);
  const buildContexts = Object.fromEntries(Object.entries(build.buildContexts ?? {}).filter(([name]) => !links.has(name)));
  return { build: { ...build, buildContexts }, links };
}

interface TargetBuild {
  readonly resolved: ResolvedBuildOptions;
  /** Targets that its contexts are, by the contexts' names. */
  readonly links: ReadonlyMap<string, string>;
}

interface TargetBuildsOptions {
  /** Builds in an order in which each stands behind those that it is built from. */
  readonly builds: ReadonlyMap<string, TargetBuild>;
  readonly session: Session;
  /** Aborted by the first failure. */
  readonly failing: AbortController;
  readonly keepGoing: boolean;
  readonly onEnd: BuildTargetsOptions["onEnd"];
}

/** The builds of one call, and the graph that they are parts of. */
class TargetBuilds {
  readonly #options: TargetBuildsOptions;
  readonly #graph: JoinedGraph;
  /** Errors whose step has the name of its target. */
  readonly #named = new WeakSet<TsbuildError>();

  constructor(options: TargetBuildsOptions) {
    this.#options = options;
    const { builds, session, keepGoing } = options;
    const resolved = [...builds.values()].map((target) => target.resolved);
    this.#graph = new JoinedGraph({
      session,
      links: new Map([...builds].map(([name, { links }]) => [name, new Set(links.values())])),
      jobs: Math.max(...resolved.map(({ jobs }) => jobs)),
      cacheFrom: resolved.flatMap(({ cacheFrom }) => cacheFrom),
      onTrace: resolved.map(({ onTrace }) => onTrace).find((trace) => trace !== undefined),
      keepGoing,
      onFailed: (target, error) => this.#failed(target, error),
    });
  }

  async run(): Promise<Readonly<Record<string, BuildResult>>> {
    const { builds, failing, onEnd } = this.#options;
    const started = [...builds].map(async ([name, target]) => {
      const result = await this.#build(name, target);
      onEnd?.(name, { result });
      return [name, result] as const;
    });
    // All have ended before the error is thrown, so that nothing is left running.
    const outcomes = await Promise.allSettled(started);
    if (failing.signal.aborted) throw failing.signal.reason;
    return Object.fromEntries(outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : [])));
  }

  async #build(name: string, { resolved, links }: TargetBuild): Promise<BuildResult> {
    const target = this.#graph.target(name);
    const contexts = [...links].map(([context, linked]) => [context, `${TARGET_SCHEME}${linked}`]);
    const buildContexts = { ...resolved.buildContexts, ...Object.fromEntries(contexts) };
    const onEvent = resolved.onEvent && ofTarget(target, resolved.onEvent);
    try {
      return await buildInSession({ ...resolved, buildContexts, onEvent }, this.#options.session, now(), { target });
    } catch (error) {
      this.#failed(name, error);
      target.failed(error);
      if (this.#options.keepGoing) this.#options.onEnd?.(name, { error });
      throw error;
    }
  }

  /**
   * Writes the target's name into a failure, and ends the others. All of them reject with the first
   * error.
   */
  #failed(target: string, error: unknown): void {
    const { failing, keepGoing, onEnd } = this.#options;
    if (failing.signal.aborted) return;
    if (error instanceof TsbuildError && error.step !== undefined && !this.#named.has(error)) {
      this.#named.add(error);
      error.step = nameOfTarget(target, error.step);
    }
    if (keepGoing) return;
    failing.abort(error);
    onEnd?.(target, { error });
  }
}

/**
 * Returns a sink that gives the steps of a target ids and names of their own. A step that another
 * target shows is left to that one.
 */
function ofTarget(target: JoinedTarget, sink: (event: BuildEvent) => void): (event: BuildEvent) => void {
  const idOf = (step: StepId): StepId => sha256(`${target.ownerOf(step)} ${step}`);
  const isOwn = (step: StepId): boolean => target.ownerOf(step) === target.name;
  return (event) => {
    if (event.type === "steps") {
      const own = event.steps.filter(({ id }) => isOwn(id));
      const steps = own.map((step) => ({
        ...step,
        id: idOf(step.id),
        name: nameOfTarget(target.name, step.name),
        inputs: step.inputs.map(idOf),
      }));
      if (steps.length > 0) sink({ ...event, steps });
    } else if (event.type === "warning") sink(event.step === undefined ? event : { ...event, step: idOf(event.step) });
    else if (isOwn(event.step)) sink({ ...event, step: idOf(event.step) });
  };
}
