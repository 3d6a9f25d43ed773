import { readFileSync } from "node:fs";
import type { Diagnostic } from "../core/diagnostics.js";
import type { EventSink } from "../core/events.js";
import type { ExportImage } from "../exporters/exporter.js";
import { compileDockerfile } from "../frontend/dockerfile/compile.js";
import type { FrontendResult, ResolvedImage } from "../frontend/frontend.js";
import type { CompressionOptions } from "../oci/layer/tasks.js";
import { hostPlatform, type Platform } from "../oci/platform.js";
import { formatReference, parseReference, tryParseReference, withDefaultTag } from "../oci/reference.js";
import type { SolverContext } from "../solver/context.js";
import { LayerService } from "../solver/layers/layer-service.js";
import type { FetchBlob, Reporter } from "../solver/layers/ports.js";
import { layersOf, type StepResult } from "../solver/result.js";
import { solveGraph } from "../solver/solve.js";
import { loadAst } from "./ast-cache.js";
import { BuildContexts } from "./build-contexts.js";
import { runAsStep } from "./build-steps.js";
import { finishConfig } from "./image-config.js";
import { ImageResolver } from "./image-resolver.js";
import { contextDirectory, readDockerfile } from "./local-context.js";
import type { ResolvedBuildOptions } from "./resolve-options.js";
import type { Session } from "./session.js";

export interface Built {
  /** One per platform. */
  readonly images: readonly ExportImage[];
  readonly warnings: readonly Diagnostic[];
  /** Milliseconds since the epoch that date this build, when SOURCE_DATE_EPOCH says so. */
  readonly epoch: number | undefined;
}

export interface BuildImagesOptions {
  readonly build: ResolvedBuildOptions;
  readonly compression: CompressionOptions;
  /** Whether some output is an image; otherwise only the files are wanted. */
  readonly image: boolean;
}

/** Compiles and solves the Dockerfile for every platform (what they have in common runs once) and finishes their images. */
export async function buildImages(options: BuildImagesOptions, session: Session, onEvent: EventSink): Promise<Built> {
  const { build, compression } = options;
  const { store, signal } = session;
  const context = contextDirectory(build.context);
  const file = await runAsStep("[internal] load build definition from Dockerfile", onEvent, async () =>
    readDockerfile(build.dockerfile, context),
  );
  const ast = await loadAst(file, store);
  const contexts = new BuildContexts({ main: context, named: build.buildContexts, dockerfile: file.path, store });
  const resolver = new ImageResolver({
    store,
    signal,
    pull: build.pull,
    registry: () => session.registry(),
    onStale: (message) => onEvent({ type: "warning", diagnostic: { severity: "warning", code: "registry/stale", message } }),
  });
  const compiled = await Promise.all(build.platforms.map((platform) => compile(ast, file, platform, build, contexts, resolver, onEvent)));
  const warnings = uniqueDiagnostics(compiled.flatMap((result) => result.warnings));
  for (const diagnostic of warnings) onEvent({ type: "warning", diagnostic });

  const epoch = compiled.find((result) => result.sourceDateEpoch !== undefined)?.sourceDateEpoch;
  const layers = new LayerService({
    store,
    tasks: session.tasks,
    fetchBlob: fetchWith(session),
    ...(epoch === undefined ? {} : { epoch }),
  });
  const quiet: Reporter = { signal, progress: () => {} };
  const solver: SolverContext = {
    layers,
    compression,
    quiet,
    background: session.background,
    worker: () => session.worker(),
    image: (identifier, platform) => resolver.source(identifier, platform, build.platforms[0] ?? hostPlatform()),
    local: async (name, patterns) => contexts.tree(name, patterns),
    resolvConf,
    proxyEnv: proxyEnv(build.buildArgs),
  };
  const results = await solveGraph(
    compiled.map((result) => result.rootfs),
    solver,
    { jobs: build.jobs, image: options.image, signal, onEvent },
  );
  contexts.save();
  const images = await Promise.all(
    compiled.map((result, index) =>
      finishImage(result, results[index] as StepResult, layers, compression, quiet, epoch === undefined ? undefined : epoch * 1000),
    ),
  );
  return { images, warnings, epoch: epoch === undefined ? undefined : epoch * 1000 };
}

async function compile(
  ast: Parameters<typeof compileDockerfile>[0],
  file: { readonly text: string; readonly name: string },
  platform: Platform,
  build: ResolvedBuildOptions,
  contexts: BuildContexts,
  resolver: ImageResolver,
  onEvent: EventSink,
): Promise<FrontendResult> {
  const resolveImage = (ref: string, options: { readonly platform: Platform; readonly layout?: boolean }): Promise<ResolvedImage> =>
    runAsStep(`[internal] load metadata for ${displayName(ref)}`, onEvent, () => resolver.resolve(ref, options));
  return compileDockerfile(
    ast,
    {
      text: file.text,
      filename: file.name,
      ...(build.target === undefined ? {} : { target: build.target }),
      buildArgs: build.buildArgs,
      labels: build.labels,
      targetPlatform: platform,
      platformExplicit: build.platformExplicit,
      buildPlatform: hostPlatform(),
      noCache: build.noCache,
      network: build.network,
      extraHosts: build.extraHosts,
      ...(build.shmSize === undefined ? {} : { shmSize: build.shmSize }),
      ...(build.ulimits.length === 0 ? {} : { ulimits: build.ulimits }),
    },
    {
      resolveImage,
      namedContext: async (name, { platform: wanted }) => contexts.named(name, wanted),
      ignorePatterns: async (name) => contexts.ignorePatterns(name),
    },
  );
}

/** Completes one image: every layer's blob in its final form, diffIDs, history, times. */
async function finishImage(
  result: FrontendResult,
  solved: StepResult,
  service: LayerService,
  compression: CompressionOptions,
  reporter: Reporter,
  epoch: number | undefined,
): Promise<ExportImage> {
  const stack = layersOf(solved);
  const layers = await Promise.all(
    stack.map(async (id, index) => {
      const { diffId, blob } = await service.exported(stack, index, compression, reporter);
      return { diffId, blob, createdAt: service.record(id).createdAt, toc: () => service.toc(stack, index, reporter) };
    }),
  );
  return { platform: result.platform, config: finishConfig(result, layers, epoch), layers };
}

function fetchWith(session: Session): FetchBlob {
  return async function* (origin, blob, { signal }) {
    yield* (await session.registry()).blob(parseReference(origin), blob, { signal });
  };
}

/** An image's name as it is asked for: in full, as BuildKit shows it. A text that is no reference stands as it is, for the error to come. */
function displayName(ref: string): string {
  const reference = tryParseReference(ref);
  return reference ? formatReference(withDefaultTag(reference)) : ref;
}

/** The host's resolver configuration: RUN steps share the host's network. */
function resolvConf(): string {
  try {
    return readFileSync("/etc/resolv.conf", "utf8");
  } catch {
    return "";
  }
}

const PROXY = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];

/** Predefined proxy arguments given on the command line: every RUN step sees them, no key and no history does. */
function proxyEnv(buildArgs: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(buildArgs).flatMap(([name, value]) => (PROXY.includes(name.toUpperCase()) ? [`${name}=${value}`] : []));
}

function uniqueDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Map(
    diagnostics.map((diagnostic) => [`${diagnostic.code} ${diagnostic.range?.start} ${diagnostic.message}`, diagnostic]),
  );
  return [...seen.values()];
}
