import type { Diagnostic } from "../core/diagnostics.js";
import type { EventSink } from "../core/events.js";
import { together } from "../core/together.js";
import type { LayerId } from "../cache/contract/layers.js";
import { parseCacheOrigin } from "../cache/transfer/origin.js";
import type { ExportImage } from "../exporters/exporter.js";
import { compileDockerfile } from "../frontend/dockerfile/compile.js";
import type { FrontendResult } from "../frontend/frontend.js";
import { topological } from "../llb/vertex.js";
import type { CompressionOptions } from "../oci/layer/tasks.js";
import type { SolverContext } from "../solver/context.js";
import type { Stack } from "../solver/layers/layer-service.js";
import { sharedReporter } from "../solver/layers/ports.js";
import { cacheMounts } from "../solver/ops/cache-mount-name.js";
import { rootLayers } from "../solver/ops/root-layers.js";
import type { StepResult } from "../solver/result.js";
import { BuildSolver } from "./build-solver.js";
import type { SolvedBuild } from "./cache-exports.js";
import type { CacheImports } from "./cache-imports.js";
import { LayerUnavailableError, withoutLostLayers } from "./fetch-layer.js";
import { idleCacheOptions } from "./idle-options.js";
import { finishConfig } from "./image-config.js";
import { loadDockerfile } from "./load-dockerfile.js";
import type { ResolvedBuildOptions } from "./resolve-options.js";
import type { Session } from "./session.js";

export interface Built {
  /** One per platform. */
  readonly images: readonly ExportImage[];
  readonly warnings: readonly Diagnostic[];
  /** Milliseconds since the epoch that date this build, when SOURCE_DATE_EPOCH says so. */
  readonly epoch: number | undefined;
  /** For caches that are written elsewhere. */
  readonly solved: SolvedBuild;
  readonly imports: CacheImports | undefined;
}

export interface BuildImagesOptions {
  readonly build: ResolvedBuildOptions;
  readonly compression: CompressionOptions;
  /** Whether some output is an image; otherwise only the files are wanted. */
  readonly image: boolean;
  /** Whether a layer that is elsewhere, at `origin`, may stay there. */
  readonly mayStay: (origin: string) => boolean;
  /** Id under which the build is recorded; undefined when it is not. */
  readonly id: string | undefined;
}

/** Compiles and solves the Dockerfile for every platform (what they have in common runs once) and finishes their images. */
export async function buildImages(options: BuildImagesOptions, session: Session, onEvent: EventSink): Promise<Built> {
  const { build, compression } = options;
  const imports =
    build.cacheFrom.length === 0 ? undefined : new (await import("./cache-imports.js")).CacheImports(build.cacheFrom, session, onEvent);
  const solver = new BuildSolver({ build, compression, id: options.id, imports, onEvent }, session);
  const dockerfile = await loadDockerfile(build, solver, session, onEvent);
  // Steps will run for certain: their process starts while base images are looked up. Whoever needs it gets its error.
  if (build.noCache === true && dockerfile.ast.instructions.some(({ kind }) => kind === "run")) session.worker().catch(() => undefined);
  const compiled = await Promise.all(
    build.platforms.map((platform) => compileDockerfile(dockerfile.ast, dockerfile.options(platform), dockerfile.ports)),
  );
  const warnings = uniqueDiagnostics([
    ...build.warnings,
    ...compiled.flatMap((result) => result.warnings),
    ...idleCacheOptions(build, compiled),
  ]);
  for (const diagnostic of warnings) onEvent({ type: "warning", diagnostic });

  const epoch = compiled.find((result) => result.sourceDateEpoch !== undefined)?.sourceDateEpoch;
  const dated = epoch === undefined ? undefined : epoch * 1000;
  const targets = compiled.map((result) => result.rootfs);
  const solved = await withoutLostLayers(
    async () => {
      const layers = solver.layers(epoch);
      let outcome: Pick<SolvedBuild, "vertices" | "elsewhere"> = { vertices: [], elsewhere: undefined };
      const results = await solver.solve(targets, layers, options.image, dockerfile, (vertices, elsewhere) => {
        outcome = { vertices, elsewhere };
      });
      dockerfile.contexts.save();
      const context = solver.context(layers, dockerfile);
      const finished = await together(session.signal, (signal) =>
        compiled.map((result, index) =>
          finishImage(result, results[index] as StepResult, context, { epoch: dated, mayStay: options.mayStay, signal }),
        ),
      );
      return { layers, outcome, finished };
    },
    { session, imports, onEvent },
  );
  const { layers, outcome, finished } = solved;
  return {
    images: finished.map(({ image }) => image),
    warnings,
    epoch: dated,
    imports,
    solved: {
      ...outcome,
      layers,
      stacks: finished.map(({ stack }) => stack),
      mounts: cacheMounts(targets),
      keyRecords: async (results) => {
        const { recordsElsewhere } = await import("../solver/buildkit/elsewhere.js");
        return recordsElsewhere(topological(targets), results, solver.context(layers, dockerfile));
      },
      selection: (digest) => solver.selection(digest),
      compression: options.image ? compression : undefined,
    },
  };
}

/** Completes one image: every layer's blob in its final form (here, or where it may stay), diffIDs, history, times. */
async function finishImage(
  result: FrontendResult,
  solved: StepResult,
  context: SolverContext,
  options: { readonly epoch: number | undefined; readonly mayStay: BuildImagesOptions["mayStay"]; readonly signal: AbortSignal },
): Promise<{ readonly image: ExportImage; readonly stack: Stack }> {
  const { epoch, mayStay } = options;
  const { layers: service, compression, quiet } = context;
  const stack = await rootLayers(solved, context, sharedReporter(quiet, options.signal));
  const final = service.finalLayers(stack, compression);
  const layers = await together(options.signal, (signal) => {
    const reporter = sharedReporter(quiet, signal);
    return stack.map(async (id, index) => {
      const from = (final.get(id) ?? service.record(id)).origin;
      const stays = from !== undefined && mayStay(from);
      const { diffId, blob } = final.get(id) ?? (await service[stays ? "described" : "exported"](stack, index, compression, reporter));
      const { createdAt, origin } = final.get(id) ?? service.record(id);
      return {
        diffId,
        blob,
        createdAt,
        ...(origin === undefined || parseCacheOrigin(origin) ? {} : { origin }),
        ...(stays ? { bring: (signal: AbortSignal) => bringLayer(id, from, context, signal) } : {}),
        toc: (until: AbortSignal) => service.toc(stack, index, sharedReporter(quiet, until)),
      };
    });
  });
  return { image: { platform: result.platform, config: finishConfig(result, layers, epoch), layers }, stack };
}

/** A layer that is no longer where it came from is forgotten there: the next build makes or finds it anew. */
async function bringLayer(id: LayerId, origin: string, { layers }: SolverContext, signal: AbortSignal): Promise<void> {
  try {
    await layers.fetched(id, { signal, progress: () => {} });
  } catch (error) {
    if (error instanceof LayerUnavailableError) layers.store.layers.forgetOrigin(origin);
    throw error;
  }
}

/** What several platforms have in common is said once. */
export function uniqueDiagnostics<D extends Diagnostic>(diagnostics: readonly D[]): readonly D[] {
  const seen = new Map(
    diagnostics.map((diagnostic) => [`${diagnostic.code} ${diagnostic.range?.start} ${diagnostic.message}`, diagnostic]),
  );
  return [...seen.values()];
}
