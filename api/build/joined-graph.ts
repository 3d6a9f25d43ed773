import type { CacheFrom } from "../../cache/remote/options.js";
import { canonicalJson } from "../../core/canonical.js";
import type { Digest } from "../../core/digest.js";
import type { EventSink, StepId } from "../../core/events.js";
import { deferred, type Deferred } from "../../core/tasks/deferred.js";
import type { BuiltImage } from "../../frontend/frontend.js";
import type { LocalSource } from "../../llb/sources/local.js";
import { topological } from "../../llb/vertex.js";
import type { FileTree } from "../../oci/layer/model/toc.js";
import { formatPlatform, type Platform, platformRank } from "../../oci/platform.js";
import { Pools } from "../../solver/engine/pools.js";
import { requireDevices, requireEntitlements } from "../../solver/entitlements.js";
import type { Selections } from "../../solver/explain/selections.js";
import type { GraphPart } from "../../solver/graph-parts.js";
import type { SolverPorts } from "../../solver/ports.js";
import type { StepResult } from "../../solver/result.js";
import { jobsOf, type JoinedPart, type SolveGraphsOptions, solveGraphs } from "../../solver/solve.js";
import type { CacheImports } from "../remote-cache/cache-imports.js";
import type { Session } from "../session/session.js";
import type { BuildContexts } from "../sources/build-contexts.js";
import { otherPlatforms } from "./errors.js";

interface JoinedGraphOptions {
  readonly session: Pick<Session, "store" | "signal" | "workers" | "network" | "madeNow">;
  /** Targets, each behind those that it is built from, with the names of these. */
  readonly links: ReadonlyMap<string, ReadonlySet<string>>;
  /** Steps that run at once, whichever targets they are of. */
  readonly jobs: number;
  /** Caches that the targets read from. A cache is read once, and serves all targets. */
  readonly cacheFrom: readonly CacheFrom[];
  readonly onTrace: SolveGraphsOptions["onTrace"];
  readonly keepGoing: boolean;
  /** Called at once for a failed step, with the target that it is shown for. */
  readonly onFailed: (target: string, error: unknown) => void;
}

/** A graph that waits to be solved with the others. */
interface Waiting {
  readonly target: JoinedTarget;
  readonly part: JoinedPart;
}

/**
 * The one graph of several targets, and what they share. The graph is solved once every target has
 * brought its part. Note that we do not wait for targets whose context comes from elsewhere,
 * because a clone may take minutes: these follow, in the same places for running steps.
 */
export class JoinedGraph {
  readonly #options: JoinedGraphOptions;
  readonly #targets: ReadonlyMap<string, JoinedTarget>;
  /** Targets whose graphs are waited for. */
  readonly #expected: Set<string>;
  #waiting: Waiting[] = [];
  readonly #pools: Pools;
  readonly #home = new Map<Digest, SolverPorts>();
  readonly #contexts = new Map<string, BuildContexts>();
  readonly #caches: readonly CacheFrom[];
  #selections: Selections | undefined;
  #imports: Promise<CacheImports> | undefined;

  constructor(options: JoinedGraphOptions) {
    this.#options = options;
    this.#targets = new Map([...options.links.keys()].map((name) => [name, new JoinedTarget(name, this)]));
    this.#expected = new Set(this.#targets.keys());
    this.#pools = new Pools(jobsOf(options.jobs));
    this.#caches = [...new Map(options.cacheFrom.map((cache) => [canonicalJson({ ...cache }), cache])).values()];
  }

  target(name: string): JoinedTarget {
    const target = this.#targets.get(name);
    if (!target) throw new Error(`internal: there is no target ${name}`);
    return target;
  }

  /** Opens the caches; the target that is first to ask shows how they are read. */
  imports(onEvent: EventSink): Promise<CacheImports> | undefined {
    if (this.#caches.length === 0) return undefined;
    const { session } = this.#options;
    this.#imports ??= import("../remote-cache/cache-imports.js").then(
      ({ CacheImports }) => new CacheImports({ caches: this.#caches, session, onEvent }),
    );
    return this.#imports;
  }

  /** Returns the lists of files behind content digests, made for the first target that asks. */
  selections(make: () => Selections): Selections {
    return (this.#selections ??= make());
  }

  /** Adds the directories of a target: a graph that is built on it reads them too. */
  addContexts(contexts: BuildContexts): void {
    for (const identity of contexts.identities()) this.#contexts.set(identity, contexts);
  }

  tree({ name, excludePatterns, unique }: LocalSource): FileTree | undefined {
    return unique === undefined ? undefined : this.#contexts.get(unique)?.tree(name, excludePatterns);
  }

  /** Goes on without a target, and without those that are built from it. */
  leave(name: string): void {
    if (!this.#expected.delete(name)) return;
    for (const [user, links] of this.#options.links) if (links.has(name)) this.leave(user);
    this.#solveIfComplete();
  }

  /** Solves a graph with those of the other targets. */
  async solve(target: JoinedTarget, part: GraphPart): Promise<readonly StepResult[]> {
    const linked = [...(this.#options.links.get(target.name) ?? [])].flatMap((name) => this.target(name).roots);
    const granted = new Set(topological(linked).map(({ digest }) => digest));
    const order = topological(part.targets).filter(({ digest }) => !granted.has(digest));
    requireEntitlements(order, part.granted);
    await requireDevices(order, part.granted);
    const { resolve, reject, promise } = deferred<readonly StepResult[]>();
    const onFailed: JoinedPart["onFailed"] = (error, step) => {
      if (step !== undefined) this.#options.onFailed(target.ownerOf(step), error);
      reject(error);
    };
    this.#waiting.push({ target, part: { ...part, onResults: resolve, onFailed } });
    this.#expected.delete(target.name);
    this.#solveIfComplete();
    return promise;
  }

  #solveIfComplete(): void {
    if (this.#expected.size > 0) return;
    const names = [...this.#targets.keys()];
    // The steps of a target come before those of the targets that are built from it.
    const together = this.#waiting.sort((a, b) => names.indexOf(a.target.name) - names.indexOf(b.target.name));
    this.#waiting = [];
    const [first, ...others] = together.map(({ part }) => part);
    if (!first) return;
    const owners = new Map<StepId, string>();
    for (const { target, part } of together) {
      for (const { digest } of topological(part.targets)) if (!owners.has(digest)) owners.set(digest, target.name);
      target.owners = owners;
    }
    const { session, jobs, keepGoing, onTrace } = this.#options;
    // Each graph hears of its end by itself.
    solveGraphs([first, ...others], {
      jobs,
      pools: this.#pools,
      home: this.#home,
      signal: session.signal,
      madeNow: session.madeNow,
      keepGoing,
      onTrace,
      ...(this.#imports && { extend: () => this.#extend() }),
    }).catch((error: unknown) => {
      for (const { part } of together) part.onFailed(error, undefined);
    });
  }

  async #extend() {
    const imports = await this.#imports;
    await imports?.load();
    return imports?.keySources ?? [];
  }
}

/** The joined graph as one target sees it. */
export class JoinedTarget {
  readonly name: string;
  readonly #graph: JoinedGraph;
  readonly #compiled: Deferred<readonly BuiltImage[]> = deferred();
  #images: readonly BuiltImage[] = [];
  /** Targets by the steps that are shown for them. */
  owners: ReadonlyMap<StepId, string> = new Map();

  constructor(name: string, graph: JoinedGraph) {
    this.name = name;
    this.#graph = graph;
    // Perhaps nothing is built from it.
    this.#compiled.promise.catch(() => undefined);
  }

  imports(onEvent: EventSink): Promise<CacheImports> | undefined {
    return this.#graph.imports(onEvent);
  }

  selections(make: () => Selections): Selections {
    return this.#graph.selections(make);
  }

  addContexts(contexts: BuildContexts): void {
    this.#graph.addContexts(contexts);
  }

  tree(source: LocalSource): FileTree | undefined {
    return this.#graph.tree(source);
  }

  /** Returns the target that shows a step: the first of those that have it. */
  ownerOf(step: StepId): string {
    return this.owners.get(step) ?? this.name;
  }

  /** The images' root filesystems, as soon as they are in the graph. */
  get roots(): readonly BuiltImage["rootfs"][] {
    return this.#images.map(({ rootfs }) => rootfs);
  }

  /** Hands the images to the targets that are built from it. */
  compiled(images: readonly BuiltImage[]): void {
    this.#images = images;
    this.#compiled.resolve(images);
  }

  /** Keeps nobody waiting, because its context has to come first. */
  late(): void {
    this.#graph.leave(this.name);
  }

  failed(error: unknown): void {
    this.#compiled.reject(error);
    this.#graph.leave(this.name);
  }

  /**
   * Returns the image of another target for a platform: the only one, as it is, or the one of
   * several. Throws `build/targets` when none of several is.
   */
  async image(name: string, platform: Platform): Promise<BuiltImage> {
    const images = await this.#graph.target(name).#compiled.promise;
    const [only, ...others] = images;
    if (only && others.length === 0) return only;
    const ranked = images.flatMap((image) => {
      const rank = platformRank(platform, image.platform);
      return rank === undefined ? [] : [{ image, rank }];
    });
    const [best] = ranked.sort((a, b) => a.rank - b.rank);
    if (best) return best.image;
    throw otherPlatforms(
      name,
      formatPlatform(platform),
      images.map((image) => formatPlatform(image.platform)),
    );
  }

  solve(part: GraphPart): Promise<readonly StepResult[]> {
    return this.#graph.solve(this, part);
  }
}
