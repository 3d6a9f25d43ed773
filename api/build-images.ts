import type { Diagnostic } from "../core/diagnostics.js";
import type { EventSink } from "../core/events.js";
import type { ExportImage } from "../exporters/exporter.js";
import { compileDockerfile } from "../frontend/dockerfile/compile.js";
import type { FrontendResult, ResolvedImage } from "../frontend/frontend.js";
import type { CompressionOptions } from "../oci/layer/tasks.js";
import { hostPlatform, type Platform } from "../oci/platform.js";
import { formatReference, parseReference, tryParseReference, withDefaultTag } from "../oci/reference.js";
import type { SolverContext } from "../solver/context.js";
import { rootLayers } from "../solver/ops/root-layers.js";
import type { StepResult } from "../solver/result.js";
import { loadAst } from "./ast-cache.js";
import { BuildContexts } from "./build-contexts.js";
import { BuildSolver } from "./build-solver.js";
import { runAsStep } from "./build-steps.js";
import { finishConfig } from "./image-config.js";
import { ImageResolver } from "./image-resolver.js";
import { loadMainContext, type MainContext } from "./main-context.js";
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
  const solver = new BuildSolver({ build, compression, onEvent }, session);
  const main = await loadMainContext(
    { context: build.context, dockerfile: build.dockerfile, keepGitDir: isTrue(build.buildArgs["BUILDKIT_CONTEXT_KEEP_GIT_DIR"]) },
    { store, signal, onEvent, solve: (root) => solver.files(root) },
  );
  const file = main.dockerfile;
  const ast = await loadAst(file, store);
  const contexts = new BuildContexts({ main: main.directory, named: build.buildContexts, dockerfile: file.path, store });
  const resolver = new ImageResolver({
    store,
    signal,
    pull: build.pull,
    registry: () => session.registry(),
    onStale: (message) => onEvent({ type: "warning", diagnostic: { severity: "warning", code: "registry/stale", message } }),
  });
  const compiled = await Promise.all(build.platforms.map((platform) => compile(ast, main, platform, build, contexts, resolver, onEvent)));
  const warnings = uniqueDiagnostics(compiled.flatMap((result) => result.warnings));
  for (const diagnostic of warnings) onEvent({ type: "warning", diagnostic });

  const epoch = compiled.find((result) => result.sourceDateEpoch !== undefined)?.sourceDateEpoch;
  const layers = solver.layers(epoch);
  const sources = { contexts, resolver };
  const results = await solver.solve(
    compiled.map((result) => result.rootfs),
    layers,
    options.image,
    sources,
  );
  contexts.save();
  const images = await Promise.all(
    compiled.map((result, index) =>
      finishImage(result, results[index] as StepResult, solver.context(layers, sources), epoch === undefined ? undefined : epoch * 1000),
    ),
  );
  return { images, warnings, epoch: epoch === undefined ? undefined : epoch * 1000 };
}

async function compile(
  ast: Parameters<typeof compileDockerfile>[0],
  { dockerfile, graph }: MainContext,
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
      text: dockerfile.text,
      filename: dockerfile.name,
      ...(graph ? { context: graph } : {}),
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
  context: SolverContext,
  epoch: number | undefined,
): Promise<ExportImage> {
  const { layers: service, compression, quiet: reporter } = context;
  const stack = await rootLayers(solved, context, reporter);
  const layers = await Promise.all(
    stack.map(async (id, index) => {
      const { diffId, blob } = await service.exported(stack, index, compression, reporter);
      return { diffId, blob, createdAt: service.record(id).createdAt, toc: () => service.toc(stack, index, reporter) };
    }),
  );
  return { platform: result.platform, config: finishConfig(result, layers, epoch), layers };
}

/** An image's name as it is asked for: in full, as BuildKit shows it. A text that is no reference stands as it is, for the error to come. */
function displayName(ref: string): string {
  const reference = tryParseReference(ref);
  return reference ? formatReference(withDefaultTag(reference)) : ref;
}

/** A boolean as Go's strconv reads it. */
function isTrue(text: string | undefined): boolean {
  return /^(1|t|true)$/i.test(text ?? "");
}

function uniqueDiagnostics(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const seen = new Map(
    diagnostics.map((diagnostic) => [`${diagnostic.code} ${diagnostic.range?.start} ${diagnostic.message}`, diagnostic]),
  );
  return [...seen.values()];
}
