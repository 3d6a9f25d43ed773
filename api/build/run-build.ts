import { type Diagnostic, uniqueDiagnostics } from "../../core/diagnostics.js";
import type { BuildEvent, EventSink } from "../../core/events.js";
import { allEnded } from "../../core/tasks/all-ended.js";
import { assembleImage } from "../../exporters/assemble-image.js";
import { withAttestations } from "../attest/with-attestations.js";
import { manyLayers } from "../options/many-layers.js";
import type { BuildResult } from "../options/options.js";
import type { ResolvedBuildOptions } from "../options/resolve-options.js";
import { cacheWrites } from "../remote-cache/cache-writes.js";
import { type BuildSession, buildImages, type OnCompiled } from "./build-images.js";
import { exportAll } from "./export-images.js";
import type { JoinedTarget } from "./joined-graph.js";
import { wantedImages } from "./outputs.js";

/** Reporting of a build: its callback, and the id of its record. */
export interface RunOptions {
  readonly id: string | undefined;
  readonly onEvent: EventSink;
  /** Milliseconds since the epoch when it began. */
  readonly started: number;
  /** The graph of several targets that the build is a part of. */
  readonly target?: JoinedTarget | undefined;
  /** Called with the graphs before they are solved. Returns those that the result is made of. */
  readonly onCompiled?: OnCompiled | undefined;
}

/**
 * Runs a build from the top to the bottom: images from the Dockerfile, then caches and outputs from
 * the images.
 */
export async function runBuild(
  build: ResolvedBuildOptions,
  session: BuildSession,
  { id, started, onEvent: sink, target, onCompiled }: RunOptions,
): Promise<Omit<BuildResult, "stats">> {
  const warnings: Diagnostic[] = [];
  const onEvent = (event: BuildEvent): void => {
    if (event.type === "warning") warnings.push(event.diagnostic);
    sink(event);
  };
  const wanted = wantedImages(build);
  const made = await buildImages({ build, wanted, id, target, onCompiled }, session, onEvent);
  if (wanted.image) for (const diagnostic of manyLayers(made.images)) onEvent({ type: "warning", diagnostic });
  const caches = await cacheWrites(build.cacheTo, made, session, onEvent);
  const { images, provenance } = await withAttestations(
    caches.images,
    { build, sources: made.attestations, id, started, epoch: made.epoch, image: wanted.image },
    { blobs: session.store.blobs, signal: session.signal },
    onEvent,
  );
  const [results] = await allEnded([exportAll(build.outputs, { ...made, images }, session, onEvent), ...caches.start()] as const);
  return {
    imageId: assembleImage(images, "oci").configs[0].digest,
    descriptor: results.find((result) => result.descriptor !== undefined)?.descriptor,
    exports: results.map(({ type, metadata }) => ({ type, metadata })),
    warnings: uniqueDiagnostics(warnings),
    ...(provenance && { provenance }),
  };
}
