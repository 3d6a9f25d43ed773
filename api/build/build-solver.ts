import { closeSync, openSync, readFileSync, readSync } from "node:fs";
import type { EventSink, StepId } from "../../core/events.js";
import { OUTER_PROC_NOTICE } from "../../executor-native/errors.js";
import type { Edge, Rootfs } from "../../llb/vertex.js";
import type { CompressionOptions } from "../../oci/layer/model/tasks.js";
import type { ContentSource } from "../../oci/layer/model/toc.js";
import { hostPlatform } from "../../oci/platform.js";
import type { SolverContext } from "../../solver/context.js";
import { LayerService } from "../../solver/layers/layer-service.js";
import type { Reporter } from "../../solver/layers/ports.js";
import { Selections } from "../../solver/explain/selections.js";
import { FreshMounts } from "../../solver/fresh-mounts.js";
import { readTreeFile, treeOfInput } from "../../solver/ops/inputs/input-tree.js";
import { Downloads } from "../../solver/remote/downloads.js";
import { GitRepositories } from "../../solver/remote/git-repositories.js";
import type { StepResult } from "../../solver/result.js";
import { solveGraph, type SolveGraphOptions } from "../../solver/solve.js";
import { BuildSecrets } from "../sources/build-secrets.js";
import type { BuildContexts } from "../sources/build-contexts.js";
import type { CacheImports } from "../remote-cache/cache-imports.js";
import { layerFetcher } from "../remote-cache/fetch-layer.js";
import type { ImageResolver } from "../sources/image-resolver.js";
import type { SolvedFiles } from "../sources/main-context.js";
import { knownProjects } from "../record/projects.js";
import { proxyVariables } from "../options/proxies.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { Session } from "../session/session.js";
import { SshAgents } from "../sources/ssh-agents.js";
import { sourceTime } from "../sources/source-time.js";

/** Where images and directories of a graph come from; known once the Dockerfile is read. */
export interface GraphSources {
  readonly contexts: BuildContexts;
  readonly resolver: ImageResolver;
}

/** Solves the graphs of one build: first what the Dockerfile itself comes from, then what it says. They share what was asked of the outside. */
export class BuildSolver {
  readonly quiet: Reporter;
  readonly #shared: Omit<SolverContext, "layers" | "image" | "local" | "hiddenBy">;
  readonly #solvedEarly = new Set<StepId>();
  readonly #secrets: BuildSecrets;

  constructor(
    private readonly options: {
      readonly build: ResolvedBuildOptions;
      readonly compression: CompressionOptions;
      /** Of the build, when it is recorded. */
      readonly id: string | undefined;
      /** Caches it reads from. */
      readonly imports?: CacheImports | undefined;
      readonly onEvent: EventSink;
    },
    private readonly session: Session,
  ) {
    const { build, compression } = options;
    const { store, signal } = session;
    const secrets = (id: string): Uint8Array | undefined => this.#secrets.get(id);
    this.#secrets = new BuildSecrets(build.secrets, process.env);
    const agents = session.hold(new SshAgents(build.ssh, () => store.temporaryDirectory()));
    const sshAgent = (id: string): Promise<string | undefined> => agents.socket(id);
    this.quiet = { signal, progress: () => {} };
    let told = false;
    this.#shared = {
      compression,
      results: options.imports?.results ?? store.results,
      restoreMount: async (name, path, reporter) =>
        (!build.freshMounts && (await options.imports?.restoreMount(name, path, reporter))) || false,
      quiet: this.quiet,
      background: session.background,
      worker: async () => {
        const worker = await session.worker();
        if (worker.outerProc && !told) options.onEvent({ type: "warning", diagnostic: OUTER_PROC_NOTICE });
        told = true;
        return worker;
      },
      resolvConf,
      proxyEnv: proxyVariables(build.buildArgs),
      secrets,
      sshAgent,
      freshMounts: build.freshMounts ? new FreshMounts() : undefined,
      selections: new Selections(store.memo, session.background, (digest) => options.imports?.travelled.selection(digest)),
      travelled: () => options.imports?.travelled.runs() ?? [],
      provenance: { build: options.id, projects: knownProjects(store.builds, build) },
      downloads: new Downloads({ store, connections: session.connections(), secrets }),
      repositories: new GitRepositories({
        store,
        secrets,
        sshAgent,
        onWarning: (diagnostic) => options.onEvent({ type: "warning", diagnostic }),
      }),
    };
  }

  /** Brings what steps cannot wait for themselves. */
  async prepare(): Promise<void> {
    await this.#secrets.readPipes(this.session.signal);
  }

  /** The list of files behind a content digest that this build or an earlier one took. */
  selection(digest: string): string | undefined {
    return this.#shared.selections.read(digest);
  }

  /** Layers of this build, clamped to `epoch` (seconds). */
  layers(epoch: number | undefined): LayerService {
    const { store, tasks } = this.session;
    return new LayerService({
      store,
      tasks,
      fetchBlob: layerFetcher(this.session, this.options.imports),
      unpackedLimit: this.options.build.maxUnpackedSize,
      checkSnapshots: this.options.build.noCache === true,
      ...(epoch === undefined ? {} : { epoch }),
    });
  }

  /** The files of a graph without images and local directories: a context from elsewhere. */
  async files(root: Edge): Promise<SolvedFiles> {
    const unknown = (): Promise<never> => Promise.reject(new Error("internal: a context needs an image or a directory"));
    const epoch = this.options.build.buildArgs["SOURCE_DATE_EPOCH"];
    const layers = this.layers(epoch !== undefined && /^\d+$/.test(epoch) ? Number(epoch) : undefined);
    const context: SolverContext = { ...this.#shared, layers, image: unknown, local: unknown, hiddenBy: () => undefined };
    const [result] = await this.#solve([root], context, false, (event) => {
      if (event.type === "steps") for (const step of event.steps) this.#solvedEarly.add(step.id);
      this.options.onEvent(event);
    });
    const tree = await treeOfInput(result as StepResult, context, this.quiet);
    const read = (path: string): Promise<Uint8Array> => readTreeFile(tree, path, context, this.quiet);
    return {
      tree,
      read,
      start: async (path, size) => startOf(tree.content(path), size) ?? Buffer.from(await read(path)).subarray(0, size),
    };
  }

  /** Seconds that date a source from elsewhere; undefined when nothing does. */
  sourceTime(root: Edge): Promise<number | undefined> {
    return sourceTime(root, { ...this.#shared, store: this.session.store, files: (edge) => this.files(edge) });
  }

  /** The root filesystems of the targets, in order. `image`: they become images. */
  async solve(
    targets: readonly Rootfs[],
    layers: LayerService,
    image: boolean,
    { contexts, resolver }: GraphSources,
    onSolved?: SolveGraphOptions["onSolved"],
  ): Promise<StepResult[]> {
    const sink: EventSink = (event) => {
      // Shown already, as what it was when it was solved for the Dockerfile.
      if ((event.type === "cached" || event.type === "explained") && this.#solvedEarly.has(event.step)) return;
      this.options.onEvent(event);
    };
    return this.#solve(targets, this.context(layers, { contexts, resolver }), image, sink, onSolved);
  }

  context(layers: LayerService, { contexts, resolver }: GraphSources): SolverContext {
    const fallback = this.options.build.platforms[0] ?? hostPlatform();
    return {
      ...this.#shared,
      layers,
      image: (op, platform) => resolver.source(op, platform, fallback),
      local: async (name, patterns) => contexts.tree(name, patterns),
      hiddenBy: (name, path) => contexts.hiddenBy(name, path),
    };
  }

  #solve(
    targets: readonly Rootfs[],
    context: SolverContext,
    image: boolean,
    onEvent: EventSink,
    onSolved?: SolveGraphOptions["onSolved"],
  ): Promise<StepResult[]> {
    const { jobs, explain, consent, onTrace } = this.options.build;
    const { imports } = this.options;
    return solveGraph(targets, context, {
      jobs,
      explain,
      consent,
      image,
      signal: this.session.signal,
      onEvent,
      onTrace,
      ...(onSolved && { onSolved }),
      ...(imports && {
        extend: async () => {
          await imports.load();
          return imports.keySources;
        },
      }),
    });
  }
}

/** The host's resolver configuration: RUN steps share the host's network. */
function resolvConf(): string {
  try {
    return readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    return "";
  }
}

/** The start of content that is a file of this machine by itself, without reading the rest. */
function startOf(content: ContentSource, size: number): Buffer | undefined {
  if (content.kind !== "path") return undefined;
  const fd = openSync(content.path, "r");
  try {
    const start = Buffer.alloc(size);
    return start.subarray(0, readSync(fd, start, 0, size, 0));
  } finally {
    closeSync(fd);
  }
}
