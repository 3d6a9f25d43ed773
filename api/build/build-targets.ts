import { join } from "node:path";
import { mkdirSync } from "node:fs";
import { throwIfAborted, TsbuildError } from "../../core/errors.js";
import { type BuildEvent, now, type StepId } from "../../core/events.js";
import { sha256 } from "../../core/digest.js";
import { nameOfTarget } from "../../core/recorded-step.js";
import { withResource } from "../../core/tasks/with-resource.js";
import { LAYOUT_SCHEME } from "../../llb/sources/image.js";
import { checkOutputs } from "../options/check-outputs.js";
import type { BuildOptions, BuildResult, CommonOptions, Output } from "../options/options.js";
import { resolveBuildOptions, type ResolvedBuildOptions } from "../options/resolve-options.js";
import { Session } from "../session/session.js";
import { collectBelow } from "../store/collect.js";
import { buildInSession } from "./build.js";
import { linkOrder, linksOf, TARGET_SCHEME } from "./target-links.js";

/** Options of several builds at once. */
export interface BuildTargetsOptions extends CommonOptions, Pick<BuildOptions, "isolation" | "cacheBudget" | "collect" | "history"> {
  /**
   * Builds by name. A context `target:NAME` is the result of another one. The other options here
   * are those of all, and win over theirs.
   */
  readonly targets: Readonly<Record<string, BuildOptions>>;
  /** True goes on after a failure with what does not need the failed target. Default false. */
  readonly keepGoing?: boolean;
  /** Called when a target has ended. */
  readonly onEnd?: (target: string, outcome: { readonly result: BuildResult } | { readonly error: unknown }) => void;
}

/**
 * Builds several targets together: in one store session, in parallel, each step that they share
 * once. Events come with ids and names of their target. The first failure cancels the others, and
 * is thrown, unless `keepGoing` is set. Returns the results by name. Throws as `build` does, and
 * `build/targets` for contexts that lead in a circle or to no target.
 */
export async function buildTargets(options: BuildTargetsOptions): Promise<Readonly<Record<string, BuildResult>>> {
  const { targets, keepGoing, onEnd, ...shared } = options;
  const order = linkOrder(targets);
  const failing = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, failing.signal]) : failing.signal;
  const all = resolveBuildOptions({ ...shared, signal });
  const builds = new Map(
    order.map((name) => {
      const { build, links } = withoutLinks({ ...targets[name], ...shared, signal });
      return [name, { build, links, resolved: resolveBuildOptions(build) }] as const;
    }),
  );
  for (const { resolved } of builds.values()) await checkOutputs(resolved.outputs, resolved.cacheTo);
  throwIfAborted(options.signal);
  const results = await withResource(new Session(all, { several: true }), (session) =>
    new TargetBuilds({ builds, session, failing, keepGoing, onEnd }).run(),
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
  readonly build: BuildOptions;
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
  readonly keepGoing: boolean | undefined;
  readonly onEnd: BuildTargetsOptions["onEnd"];
}

/** The builds of one call. Each waits for those that it is built from. */
class TargetBuilds {
  readonly #options: TargetBuildsOptions;
  readonly #started = new Map<string, Promise<BuildResult>>();
  /** Targets that others are built from. */
  readonly #linked: ReadonlySet<string>;
  /** Directory of the layouts that linked targets leave. */
  #layouts: string | undefined;

  constructor(options: TargetBuildsOptions) {
    this.#options = options;
    this.#linked = new Set([...options.builds.values()].flatMap(({ links }) => [...links.values()]));
  }

  async run(): Promise<Readonly<Record<string, BuildResult>>> {
    const { builds, failing, keepGoing, onEnd } = this.#options;
    for (const [name, target] of builds) {
      const building = this.#build(name, target);
      building.then(
        (result) => onEnd?.(name, { result }),
        (error: unknown) => (keepGoing ? onEnd?.(name, { error }) : failing.abort(error)),
      );
      this.#started.set(name, building);
    }
    // All have ended before the error is thrown, so that nothing is left running.
    const outcomes = await Promise.allSettled(this.#started.values());
    if (failing.signal.aborted) throw failing.signal.reason;
    const results: Record<string, BuildResult> = {};
    for (const [index, name] of [...this.#started.keys()].entries()) {
      const outcome = outcomes[index];
      if (outcome?.status === "fulfilled") results[name] = outcome.value;
    }
    return results;
  }

  async #build(name: string, { build, resolved, links }: TargetBuild): Promise<BuildResult> {
    const started = now();
    for (const target of links.values()) await this.#started.get(target);
    const contexts = [...links].map(([context, target]) => [context, `${LAYOUT_SCHEME}://${this.#layout(target)}`]);
    const own = this.#linked.has(name) ? resolveBuildOptions({ ...build, outputs: [...outputsOf(build), this.#asLayout(name)] }) : resolved;
    const layouts = this.#layouts;
    const shown = (step: string): string =>
      nameOfTarget(name, layouts === undefined ? step : step.replaceAll(`${layouts}/`, TARGET_SCHEME));
    const onEvent = resolved.onEvent && ofTarget({ target: name, shown }, resolved.onEvent);
    const whole = { ...own, buildContexts: { ...own.buildContexts, ...Object.fromEntries(contexts) }, onEvent };
    try {
      return await buildInSession(whole, this.#options.session, started);
    } catch (error) {
      // The others reject with the error of the first.
      const isFirst = !this.#options.failing.signal.aborted;
      if (isFirst && error instanceof TsbuildError && error.step !== undefined) error.step = shown(error.step);
      throw error;
    }
  }

  #asLayout(name: string): Output {
    return { type: "oci", dest: this.#layout(name), tar: false };
  }

  #layout(target: string): string {
    if (this.#layouts === undefined) {
      this.#layouts = join(this.#options.session.store.temporaryDirectory(), "targets");
      mkdirSync(this.#layouts, { recursive: true });
    }
    return join(this.#layouts, target);
  }
}

/** Returns the outputs of a build, without any the image store. */
function outputsOf({ outputs = [] }: BuildOptions): readonly Output[] {
  return outputs.length > 0 ? outputs : [{ type: "image" }];
}

/**
 * Returns a sink that gives the steps of a target ids and names of their own. Note that a step that
 * targets share is shown for each of them, because each waits for it: it runs for the first.
 */
function ofTarget(
  { target, shown }: { readonly target: string; shown(step: string): string },
  sink: (event: BuildEvent) => void,
): (event: BuildEvent) => void {
  const idOf = (step: StepId): StepId => sha256(`${target} ${step}`);
  return (event) => {
    if (event.type === "steps") {
      const steps = event.steps.map((step) => ({
        ...step,
        id: idOf(step.id),
        name: shown(step.name),
        inputs: step.inputs.map(idOf),
      }));
      sink({ ...event, steps });
    } else if (event.type === "warning") sink(event.step === undefined ? event : { ...event, step: idOf(event.step) });
    else sink({ ...event, step: idOf(event.step) });
  };
}
