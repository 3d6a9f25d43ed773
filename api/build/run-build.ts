import { randomUUID } from "node:crypto";
import { type Diagnostic, uniqueDiagnostics } from "../../core/diagnostics.js";
import type { BuildEvent, EventSink } from "../../core/events.js";
import { assembleImage } from "../../exporters/assemble-image.js";
import { manyLayers } from "../options/many-layers.js";
import type { BuildResult } from "../options/options.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import type { AttestedImages } from "../attest/attest-images.js";
import { type BuildSession, type Built, buildImages } from "./build-images.js";
import type { JoinedTarget } from "./joined-graph.js";
import { exportAll } from "./export-images.js";
import { blobForms, mayStayRemote } from "./outputs.js";

/** Reporting of a build: its callback, and the id of its record. */
export interface RunOptions {
  readonly id: string | undefined;
  readonly onEvent: EventSink;
  /** Milliseconds since the epoch when it began. */
  readonly started: number;
  /** The graph of several targets that the build is a part of. */
  readonly target?: JoinedTarget | undefined;
}

/**
 * Runs a build from the top to the bottom: images from the Dockerfile, then caches and outputs from
 * the images.
 */
export async function runBuild(
  build: ResolvedBuildOptions,
  session: BuildSession,
  { id, started, onEvent: sink, target }: RunOptions,
): Promise<Omit<BuildResult, "stats">> {
  const warnings: Diagnostic[] = [];
  const onEvent = (event: BuildEvent): void => {
    if (event.type === "warning") warnings.push(event.diagnostic);
    sink(event);
  };
  const { outputs } = build;
  const image = outputs.some(({ form }) => form !== undefined);
  // The scanner of our own reads every layer.
  const reads = build.sbom !== undefined && build.sbom.generator === undefined;
  const solved = await buildImages(
    { build, forms: blobForms(outputs), image, mayStayRemote: reads ? () => false : mayStayRemote(outputs), id, target },
    session,
    onEvent,
  );
  if (image) for (const diagnostic of manyLayers(solved.images)) onEvent({ type: "warning", diagnostic });
  const caches = await cacheWrites(build.cacheTo, solved, session, onEvent);
  const attested = await withAttestations(caches.images, solved, { build, session, image, id, started }, onEvent);
  const built = { ...solved, images: attested.images };
  const results = await beside(exportAll(outputs, built, session, onEvent), caches.writes());
  return {
    imageId: assembleImage(built.images, "oci").configs[0].digest,
    descriptor: results.find((result) => result.descriptor !== undefined)?.descriptor,
    exports: results.map(({ type, metadata }) => ({ type, metadata })),
    warnings: uniqueDiagnostics(warnings),
    ...(attested.provenance && { provenance: attested.provenance }),
  };
}

/** Returns the images with the attestations that the build asks for. */
async function withAttestations(
  images: Built["images"],
  { attestations: sources, epoch }: Built,
  options: Pick<RunOptions, "id" | "started"> & {
    readonly build: ResolvedBuildOptions;
    readonly session: BuildSession;
    readonly image: boolean;
  },
  onEvent: EventSink,
): Promise<AttestedImages> {
  if (sources === undefined) return { images };
  const { attestImages } = await import("../attest/attest-images.js");
  const { session, build, image, started, id = randomUUID() } = options;
  return attestImages(
    images,
    { build, sources, id, started, epoch, image },
    { blobs: session.store.blobs, signal: session.signal },
    onEvent,
  );
}

/** Returns the caches to write, and the images to export: with an inline cache if wanted. */
async function cacheWrites(
  cacheTo: ResolvedBuildOptions["cacheTo"],
  built: Built,
  session: BuildSession,
  onEvent: EventSink,
): Promise<{ readonly images: Built["images"]; writes(): readonly Promise<void>[] }> {
  if (cacheTo.length === 0) return { images: built.images, writes: () => [] };
  const { CacheExports } = await import("../remote-cache/cache-exports.js");
  const exports = new CacheExports({ solved: built.solved, session, imports: built.imports, onEvent });
  const inline = cacheTo.some((cache) => cache.type === "inline");
  return {
    images: inline ? await exports.inline(built.images, built.epoch) : built.images,
    writes: () => cacheTo.flatMap((cache) => (cache.type === "inline" ? [] : [exports.write(cache)])),
  };
}

/** Returns the result of the first, once all have ended well. */
async function beside<T>(first: Promise<T>, others: readonly Promise<void>[]): Promise<T> {
  // When one fails, the others have ended before its error is thrown.
  const failed = (await Promise.allSettled([first, ...others])).find((outcome) => outcome.status === "rejected");
  if (failed) throw failed.reason;
  return first;
}
