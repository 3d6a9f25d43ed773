import { type Diagnostic, uniqueDiagnostics } from "../../core/diagnostics.js";
import type { EventSink } from "../../core/events.js";
import { withResource } from "../../core/tasks/with-resource.js";
import { allOrAbort } from "../../core/tasks/all-or-abort.js";
import type { Attestation, ExportImage, ExportLayer } from "../../exporters/exporter.js";
import type { FrontendResult } from "../../frontend/frontend.js";
import { type Rootfs, topological } from "../../llb/vertex.js";
import { hostPlatform } from "../../oci/platform.js";
import { cacheMounts } from "../../solver/ops/mounts/cache-mount-name.js";
import type { StepResult } from "../../solver/result.js";
import type { AttestationSources } from "../attest/attest-images.js";
import type { ImageScans } from "../attest/image-scans.js";
import { BuildSolver } from "./build-solver.js";
import type { SolvedBuild } from "../remote-cache/cache-exports.js";
import type { CacheImports } from "../remote-cache/cache-imports.js";
import { withoutLostLayers } from "../remote-cache/fetch-layer.js";
import { idleCacheOptions } from "../options/idle-options.js";
import { contextKind } from "../options/context-kind.js";
import type { JoinedTarget } from "./joined-graph.js";
import { type FinishedImage, finishImage, finishLayers } from "./finish-image.js";
import type { BuildInput } from "./build-input.js";
import { loadInput } from "./load-input.js";
import { formKey, type WantedImages } from "./outputs.js";
import type { ResolvedService } from "../options/services/resolve-services.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import { isImage } from "../options/output-types.js";
import type { Session } from "../session/session.js";

/** The parts of a session that a build uses. */
export type BuildSession = Pick<Session, "store" | "signal" | "workers" | "network" | "hold" | "madeNow">;

/** Finished images, and everything that caches and outputs need beside them. */
export interface Built {
  /** Images, one for each platform, with layers in the first form. */
  readonly images: readonly ExportImage[];
  /** Layers in each further form, by its key. */
  readonly otherForms: ReadonlyMap<string, readonly (readonly ExportLayer[])[]>;
  readonly warnings: readonly Diagnostic[];
  /** Milliseconds since the epoch that date this build, when SOURCE_DATE_EPOCH is set. */
  readonly epoch: number | undefined;
  /** Solved graph, for caches that are exported. */
  readonly solved: SolvedBuild;
  readonly imports: CacheImports | undefined;
  /** Sources of attestations; undefined where none is wanted. */
  readonly attestations: AttestationSources | undefined;
}

/** A build whose graphs are known, and that has not run yet. */
export interface CompiledBuild {
  readonly build: ResolvedBuildOptions;
  readonly input: BuildInput;
  readonly results: readonly FrontendResult[];
  readonly solver: BuildSolver;
}

export type OnCompiled = (compiled: CompiledBuild) => Promise<readonly FrontendResult[]>;

interface BuildImagesOptions {
  readonly build: ResolvedBuildOptions;
  readonly wanted: WantedImages;
  /** Id of the build's record; undefined without one. */
  readonly id: string | undefined;
  /** The graph of several targets that the build is a part of. */
  readonly target?: JoinedTarget | undefined;
  readonly onCompiled?: OnCompiled | undefined;
}

/**
 * Compiles and solves the Dockerfile for every platform, and finishes the images. Steps that
 * platforms share run once.
 */
export async function buildImages(options: BuildImagesOptions, session: BuildSession, onEvent: EventSink): Promise<Built> {
  const { build, wanted, id, target, onCompiled } = options;
  const { compression } = wanted.forms[0];
  const imports = await (target ? target.imports(onEvent) : openImports(build, session, onEvent));
  const solver = new BuildSolver({ build, compression, id, imports, target, onEvent }, session);
  if (!isHere(build)) target?.late();
  await solver.prepare();
  const input = await loadInput(build, solver, { session, onEvent, target });
  startWorkerEarly(build, input, session);
  const results = await Promise.all(build.platforms.map((platform) => input.compile(platform)));
  target?.compiled(results);
  const warnings = uniqueDiagnostics([
    ...build.warnings,
    ...results.flatMap((result) => result.warnings),
    ...idleCacheOptions(build, results),
    // Targets inherit contexts from each other, and few use all that they inherit.
    ...(target ? [] : input.contexts.unused()),
  ]);
  for (const diagnostic of warnings) onEvent({ type: "warning", diagnostic });
  const compiled = (await onCompiled?.({ build, input, results, solver })) ?? results;
  const scans = await scansOf(compiled, build, input);
  const solve = () => solveImages(compiled, { options, solver, input, scans, session, onEvent });
  const { finished, otherForms, epoch, scanned, ...solved } = await withServices(options, { solver, input, session, onEvent }, () =>
    withoutLostLayers(solve, { store: session.store, imports, onEvent }),
  );
  const targets = compiled.map((result) => result.rootfs);
  return {
    images: finished.map(({ image }) => image),
    otherForms,
    warnings,
    epoch,
    imports,
    attestations: await attestationSources(targets, scanned, { build, solver, input }),
    solved: {
      ...solved,
      stacks: finished.map(({ stack }) => stack),
      mounts: cacheMounts(targets),
      keyRecords: async (results) => {
        const { foreignRecords } = await import("../../solver/buildkit-keys/foreign-records.js");
        return foreignRecords(topological(targets), results, solver.sources(input), session.signal);
      },
      selection: (digest) => solver.selection(digest),
      compression: wanted.image ? compression : undefined,
    },
  };
}

/** Builds with the services that the steps reach. Ends them with the build of the images. */
async function withServices<T>(
  { build }: BuildImagesOptions,
  { solver, input, session, onEvent }: Pick<SolveImagesParts, "solver" | "input"> & ServicesPlace,
  use: () => Promise<T>,
): Promise<T> {
  if (build.services.length === 0) return await use();
  const [{ BuildServices }, { serviceImage }] = await Promise.all([
    import("../services/build-services.js"),
    import("../services/service-image.js"),
  ]);
  const layers = solver.layers(undefined);
  const image = (service: ResolvedService) => serviceImage(service, { ...input, store: session.store, layers });
  const services = new BuildServices({ services: build.services, image, session, limits: build.limits, onEvent });
  solver.serve(services);
  return await withResource(services, use);
}

interface ServicesPlace {
  readonly session: BuildSession;
  readonly onEvent: EventSink;
}

/** Returns true when a Dockerfile and its context are files of this machine, or texts. */
function isHere({ context, dockerfile }: ResolvedBuildOptions): boolean {
  const isFile = (text: string): boolean => {
    const kind = contextKind(text);
    return typeof kind !== "string" && kind.kind === "directory";
  };
  if (typeof context !== "string" || !isFile(context)) return false;
  return typeof dockerfile === "string" ? dockerfile !== "-" && isFile(dockerfile) : true;
}

/** Opens the caches that the build reads from; undefined where there are none. */
async function openImports(
  { cacheFrom }: ResolvedBuildOptions,
  session: BuildSession,
  onEvent: EventSink,
): Promise<CacheImports | undefined> {
  if (cacheFrom.length === 0) return undefined;
  const { CacheImports } = await import("../remote-cache/cache-imports.js");
  return new CacheImports({ caches: cacheFrom, session, onEvent });
}

/**
 * Starts the worker of a build without cache while base images are looked up, because its RUN steps
 * run for certain. The step that needs the worker throws a failure to start.
 */
function startWorkerEarly({ noCache }: ResolvedBuildOptions, { hasCommands }: BuildInput, { workers }: BuildSession): void {
  if (noCache === true && hasCommands) workers.worker().catch(() => undefined);
}

/** Returns the scans that statements about packages need; none without an SBOM. */
async function scansOf(
  compiled: readonly FrontendResult[],
  { sbom, network }: ResolvedBuildOptions,
  { resolveImage }: BuildInput,
): Promise<ImageScans | undefined> {
  if (sbom === undefined) return undefined;
  const { imageScans } = await import("../attest/image-scans.js");
  return imageScans(compiled, { sbom, network, resolveImage });
}

/** Returns the sources of attestations; undefined where none is wanted. */
async function attestationSources(
  roots: readonly Rootfs[],
  scans: readonly (readonly Attestation[])[],
  { build, solver, input }: Pick<SolveImagesParts, "solver" | "input"> & { readonly build: ResolvedBuildOptions },
): Promise<AttestationSources | undefined> {
  if ((build.provenance === undefined && build.sbom === undefined) || input.file === undefined) return undefined;
  const { invocationOf } = await import("../attest/parameters.js");
  return { roots, scans, invocation: invocationOf(build, input.file), ports: solver.materialPorts() };
}

interface SolveImagesParts {
  readonly options: BuildImagesOptions;
  readonly solver: BuildSolver;
  readonly input: BuildInput;
  readonly scans: ImageScans | undefined;
  readonly session: BuildSession;
  readonly onEvent: EventSink;
}

/** Solves the graphs on the builders of the build. */
async function solveElsewhere(
  compiled: readonly FrontendResult[],
  scans: readonly Rootfs[],
  parts: Pick<SolveImagesParts, "solver" | "input" | "session" | "onEvent"> & {
    readonly build: ResolvedBuildOptions;
    readonly epoch: number | undefined;
  },
): Promise<readonly StepResult[]> {
  const { solveOnBuilders } = await import("../builder/builders.js");
  const { solver, input } = parts;
  const targets = [
    ...compiled.map(({ rootfs: root, platform, history }) => ({
      root,
      platform,
      made: history.filter(({ layer }) => layer).length,
      isImage: true,
    })),
    ...scans.map((root) => ({ root, platform: hostPlatform(), made: 0, isImage: false })),
  ];
  return solveOnBuilders(targets, {
    ...parts,
    secrets: solver.secrets,
    sources: solver.sources(input),
    images: input.resolver.resolved,
    context: input.contexts.identity("context"),
  });
}

interface SolvedImages extends Pick<SolvedBuild, "layers" | "vertices" | "foreignResults">, Pick<Built, "otherForms" | "epoch"> {
  readonly finished: readonly FinishedImage[];
  /** Statements of the scans about each image. */
  readonly scanned: readonly (readonly Attestation[])[];
}

/** Solves the graphs of all platforms and finishes their images, in every form that is wanted. */
async function solveImages(
  compiled: readonly FrontendResult[],
  { options, solver, input, scans, session, onEvent }: SolveImagesParts,
): Promise<SolvedImages> {
  const { build, wanted } = options;
  const { image, mayStayRemote } = wanted;
  const [form, ...others] = wanted.forms;
  const ended = session.signal;
  const seconds = compiled.find((result) => result.sourceDateEpoch !== undefined)?.sourceDateEpoch;
  const epoch = seconds === undefined ? undefined : seconds * 1000;
  const keepsTimes = build.outputs.some(({ output }) => isImage(output) && output.rewriteTimestamp === false);
  const layers = solver.layers(keepsTimes ? undefined : seconds);
  let outcome: Pick<SolvedBuild, "vertices" | "foreignResults"> = { vertices: [], foreignResults: undefined };
  const targets = compiled.map((result) => result.rootfs);
  const results = await (build.builders.length > 0
    ? solveElsewhere(compiled, scans?.roots ?? [], { build, solver, input, session, onEvent, epoch: layers.epoch })
    : solver.solve([...targets, ...(scans?.roots ?? [])], layers, image, input, (vertices, foreignResults) => {
        outcome = { vertices, foreignResults };
      }));
  input.contexts.save();
  const finished = await allOrAbort(ended, (signal) =>
    compiled.map((result, index) => finishImage(result, results[index] as StepResult, layers, { epoch, mayStayRemote, signal, form })),
  );
  const otherForms = new Map<string, readonly (readonly ExportLayer[])[]>();
  for (const other of others) {
    const finish = { mayStayRemote, form: { ...other, own: true } };
    const layersOf = (signal: AbortSignal) => finished.map(({ stack }) => finishLayers(stack, layers, { ...finish, signal }));
    otherForms.set(formKey(other), await allOrAbort(ended, layersOf));
  }
  const scanned = (await scans?.statements(results.slice(targets.length), solver.readFiles(layers), epoch)) ?? [];
  return { layers, ...outcome, finished, otherForms, scanned, epoch };
}
