import type { EventSink, StepId } from "../../core/events.js";
import type { Edge, Rootfs } from "../../llb/vertex.js";
import type { CompressionOptions } from "../../oci/layer/model/tasks.js";
import { nodesBelow } from "../../oci/layer/model/walk.js";
import { hostPlatform } from "../../oci/platform.js";
import type { ExplainContext } from "../../solver/explain/earlier-builds.js";
import type { Secrets, SolverPorts, Sources } from "../../solver/ports.js";
import { LayerService } from "../../solver/layers/layer-service.js";
import type { Reporter } from "../../solver/layers/ports.js";
import { quietReporter } from "../../solver/layers/quiet-reporter.js";
import { Selections } from "../../solver/explain/selections.js";
import { FreshMounts } from "../../solver/fresh-mounts.js";
import { readTreeFile, treeOfInput } from "../../solver/ops/inputs/input-tree.js";
import { Downloads } from "../../solver/remote/downloads.js";
import { GitRepositories } from "../../solver/remote/git-repositories.js";
import type { StepResult } from "../../solver/result.js";
import type { GraphPart } from "../../solver/graph-parts.js";
import { solveGraph } from "../../solver/solve.js";
import { BuildSecrets } from "../sources/build-secrets.js";
import type { MaterialPorts } from "../attest/materials.js";
import type { ReadFiles } from "../attest/image-scans.js";
import type { ScannedFile } from "../attest/scanner.js";
import type { CacheImports } from "../remote-cache/cache-imports.js";
import { layerFetcher } from "../remote-cache/fetch-layer.js";
import type { SolvedFiles } from "../sources/main-context.js";
import { knownProjects } from "../record/projects.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { Session } from "../session/session.js";
import { startOf } from "./content-start.js";
import { BuildDevices } from "./device-rights.js";
import type { GraphSources } from "./graph-sources.js";
import { type SandboxOptions, stepSandboxes } from "./step-sandboxes.js";
import type { BuildServices } from "../services/build-services.js";
import type { JoinedTarget } from "./joined-graph.js";
import { proxyVariables } from "../options/build-args.js";
import { StepRequests } from "../record/step-requests.js";
import { StepProxies } from "../session/step-proxies.js";
import { pathsRead } from "../builder/session-sources.js";
import { hostDirectories } from "../sources/host-directories.js";
import { SshAgents } from "../sources/ssh-agents.js";
import { sourceTime } from "../sources/source-time.js";

/** The parts of a build that its solver uses. */
export interface BuildSolverOptions {
  readonly build: SandboxOptions &
    Pick<
      ResolvedBuildOptions,
      | "allow"
      | "buildArgs"
      | "client"
      | "buildContexts"
      | "granted"
      | "context"
      | "dockerfile"
      | "explain"
      | "freshMounts"
      | "jobs"
      | "maxUnpackedSize"
      | "names"
      | "noCache"
      | "onTrace"
      | "platforms"
      | "proxyNetwork"
      | "secrets"
      | "ssh"
    >;
  readonly compression: CompressionOptions;
  /** Id of the build, when it is recorded. */
  readonly id: string | undefined;
  /** Caches that the build reads from. */
  readonly imports?: CacheImports | undefined;
  /** The graph of several targets that the build is a part of. */
  readonly target?: JoinedTarget | undefined;
  readonly onEvent: EventSink;
}
type SolverSession = Pick<Session, "store" | "signal" | "workers" | "network" | "hold" | "madeNow">;

/**
 * Solves the graphs of one build: first the sources of the Dockerfile itself, then its targets. The
 * graphs share downloads, repositories, secrets and mounts.
 */
export class BuildSolver {
  readonly #options: BuildSolverOptions;
  readonly #session: SolverSession;
  readonly #quiet: Reporter;
  readonly #secrets: BuildSecrets;
  readonly #remote: Pick<Sources, "downloads" | "repositories">;
  readonly #shared: Pick<SolverPorts, "sandboxes" | "secrets" | "mounts">;
  readonly #past: Omit<ExplainContext, "hiddenBy">;
  readonly #devices: BuildDevices;
  readonly #onEvent: EventSink;
  readonly #requests: StepRequests | undefined;
  readonly #solvedEarly = new Set<StepId>();
  #services: BuildServices | undefined;

  constructor(options: BuildSolverOptions, session: SolverSession) {
    this.#options = options;
    this.#session = session;
    const { build, imports, target, onEvent } = options;
    const { store, signal, workers, network } = session;
    this.#requests = build.proxyNetwork ? new StepRequests(store.memo) : undefined;
    this.#onEvent = this.#requests?.watching(onEvent) ?? onEvent;
    const connect = () => network.forSteps(proxyVariables(build.buildArgs));
    const proxies = build.proxyNetwork ? session.hold(new StepProxies({ store, workers, connect })) : undefined;
    const selections = (): Selections =>
      new Selections({
        memo: store.memo,
        background: workers.background,
        imported: (digest) => imports?.explanations.selection(digest),
      });
    this.#quiet = quietReporter(signal);
    this.#devices = new BuildDevices(build.allow);
    this.#secrets = new BuildSecrets(build.secrets, process.env);
    const agents = session.hold(new SshAgents(build.ssh, () => store.temporaryDirectory()));
    const secrets: Secrets = build.client?.secrets ?? { value: (id) => this.#secrets.get(id), agent: (id) => agents.socket(id) };
    this.#remote = {
      downloads: new Downloads({ store, connections: network.downloads(), secrets: secrets.value }),
      repositories: new GitRepositories({
        store,
        secrets: secrets.value,
        sshAgent: secrets.agent,
        callerIsHere: build.client === undefined,
        onWarning: (diagnostic) => onEvent({ type: "warning", diagnostic }),
      }),
    };
    const devices = this.#devices;
    this.#shared = {
      sandboxes: stepSandboxes(build, { workers, devices, proxies, services: () => this.#services, onEvent }),
      secrets,
      mounts: {
        restore: async (name, path, reporter) => (!build.freshMounts && (await imports?.restoreMount(name, path, reporter))) || false,
        fresh: build.freshMounts ? new FreshMounts() : undefined,
      },
    };
    this.#past = {
      results: imports?.results ?? store.results,
      selections: target?.selections(selections) ?? selections(),
      importedRuns: () => imports?.explanations.runs() ?? [],
      provenance: { build: options.id, projects: knownProjects(store.builds, build) },
    };
  }

  /** Gives steps services, which are known once the Dockerfile is read. */
  serve(services: BuildServices): void {
    this.#services = services;
  }

  /** Brings data that steps cannot wait for themselves. */
  async prepare(): Promise<void> {
    await this.#secrets.readPipes(this.#session.signal);
  }

  /** Returns the list of files behind a content digest that this build or an earlier one took. */
  selection(digest: string): string | undefined {
    return this.#past.selections.read(digest);
  }

  /** Returns the layers of this build, clamped to `epoch` (seconds). */
  layers(epoch: number | undefined): LayerService {
    const { store, workers, network } = this.#session;
    const { build, imports } = this.#options;
    return new LayerService({
      store,
      tasks: workers.tasks,
      fetchBlob: layerFetcher(network, imports),
      unpackedLimit: build.maxUnpackedSize,
      checkSnapshots: build.noCache === true,
      ...(epoch === undefined ? {} : { epoch }),
    });
  }

  /**
   * Solves a graph before the rest, for its files. Without `graph` it has neither images nor local
   * directories, such as a remote context.
   */
  async files(root: Edge, graph?: GraphSources): Promise<SolvedFiles> {
    const unknown = (): Promise<never> => Promise.reject(new Error("internal: a context needs an image or a directory"));
    const epoch = this.#options.build.buildArgs["SOURCE_DATE_EPOCH"];
    const layers = this.layers(epoch !== undefined && /^\d+$/.test(epoch) ? Number(epoch) : undefined);
    const sources = graph ? this.sources(graph, [root]) : { ...this.#remote, image: unknown, local: unknown };
    const ports = this.#ports(layers, sources, () => undefined);
    const part = this.#part([root], ports, false, (event) => {
      if (event.type === "steps") for (const step of event.steps) this.#solvedEarly.add(step.id);
      this.#onEvent(event);
    });
    const [result] = await this.#solveAlone(part);
    const tree = await treeOfInput(result as StepResult, layers, this.#quiet);
    const read = (path: string): Promise<Uint8Array> => readTreeFile(tree, path, ports, this.#quiet);
    return {
      tree,
      read,
      start: async (path, size) => startOf(tree.content(path), size) ?? Buffer.from(await read(path)).subarray(0, size),
    };
  }

  /** Returns what provenance reads of sources. */
  materialPorts(): MaterialPorts {
    return { ...this.#remote, reporter: this.#quiet, ...(this.#requests && { requests: this.#requests }) };
  }

  /** Returns what reads files of results whose layers are `layers`. */
  readFiles(layers: LayerService): ReadFiles {
    return async (result, directory, wanted) => {
      const tree = await treeOfInput(result, layers, this.#quiet);
      const files: ScannedFile[] = [];
      for (const { path, node } of nodesBelow(tree, directory)) {
        const name = directory === "" ? path : path.slice(directory.length + 1);
        if (node.type !== "file" || !wanted(name, node.size)) continue;
        files.push({ name, bytes: await readTreeFile(tree, path, { ...this.#shared, layers }, this.#quiet) });
      }
      return files;
    };
  }

  /** Returns the seconds that date a remote source; undefined when nothing does. */
  sourceTime(root: Edge): Promise<number | undefined> {
    const { store } = this.#session;
    return sourceTime(root, { ...this.#remote, quiet: this.#quiet, store, files: (edge) => this.files(edge) });
  }

  /** Returns the root filesystems of the targets, in order. `image`: they become images. */
  async solve(
    targets: readonly Rootfs[],
    layers: LayerService,
    image: boolean,
    graph: GraphSources,
    onSolved?: GraphPart["onSolved"],
  ): Promise<readonly StepResult[]> {
    const sink: EventSink = (event) => {
      // The step was shown when the Dockerfile's own sources were solved.
      if ((event.type === "cached" || event.type === "explained") && this.#solvedEarly.has(event.step)) return;
      this.#onEvent(event);
    };
    const ports = this.#ports(layers, this.sources(graph, targets), (name, path) => graph.contexts.hiddenBy(name, path));
    const part = { ...this.#part(targets, ports, image, sink), ...(onSolved && { onSolved }) };
    return this.#options.target?.solve(part) ?? this.#solveAlone(part);
  }

  /** Secrets and agents of the build. */
  get secrets(): Secrets {
    return this.#shared.secrets;
  }

  /** Returns everything that a graph names from outside. */
  sources({ contexts, resolver }: GraphSources, targets: readonly Rootfs[] = []): Sources {
    const fallback = this.#options.build.platforms[0] ?? hostPlatform();
    return {
      ...this.#remote,
      image: (op, platform) => resolver.source(op, platform, fallback),
      local: async (local) => {
        if (this.#options.build.client) return contexts.brought(local, pathsRead(local, targets));
        return this.#options.target?.tree(local) ?? contexts.tree(local.name, local.excludePatterns);
      },
    };
  }

  #ports(layers: LayerService, sources: Sources, hiddenBy: ExplainContext["hiddenBy"]): SolverPorts {
    const { compression } = this.#options;
    const { background } = this.#session.workers;
    return {
      ...this.#shared,
      sources,
      layers,
      clock: { epoch: layers.epoch, now: () => ({ sec: layers.epoch ?? Math.floor(Date.now() / 1000), nsec: 0 }) },
      exports: {
        compression,
        compress: (stack, index) => background.start(() => layers.blobs.exported(stack, index, compression, this.#quiet)),
      },
      past: { ...this.#past, hiddenBy },
    };
  }

  #part(targets: readonly Rootfs[], ports: SolverPorts, image: boolean, onEvent: EventSink): GraphPart {
    const { explain, granted, buildContexts, allow } = this.#options.build;
    return {
      targets,
      ports,
      image,
      explain,
      granted: { ...granted, directories: hostDirectories(buildContexts, allow), devices: this.#devices },
      onEvent,
    };
  }

  #solveAlone(part: GraphPart): Promise<readonly StepResult[]> {
    const { imports, build } = this.#options;
    return solveGraph(part, {
      jobs: build.jobs,
      signal: this.#session.signal,
      madeNow: this.#session.madeNow,
      onTrace: build.onTrace,
      ...(imports && {
        extend: async () => {
          await imports.load();
          return imports.keySources;
        },
      }),
    });
  }
}
