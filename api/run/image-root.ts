import type { EventSink } from "../../core/events.js";
import { TsbuildError } from "../../core/errors.js";
import { waitsOf } from "../../net/limits.js";
import { type ImageView, readImage } from "../../oci/image.js";
import { formatPlatform, hostPlatform, parsePlatform, type Platform } from "../../oci/platform.js";
import type { ContainerConfig, Descriptor } from "../../oci/types.js";
import type { ImageRoot } from "../commands/image-root.js";
import { sessionLayers } from "../commands/session-layers.js";
import { buildImages } from "../build/build-images.js";
import { wantedImages } from "../build/outputs.js";
import { findImage } from "../image-store/lookup.js";
import type { BuildOptions } from "../options/options.js";
import { resolveBuildOptions } from "../options/resolve-options.js";
import { runAsStep } from "../record/build-steps.js";
import type { Session } from "../session/session.js";
import { ImageResolver } from "../sources/image-resolver.js";
import type { SourceImage } from "../../solver/ports.js";
import type { RunOptions } from "./run-options.js";

/** Finds the image of a run, or builds it. */
export async function imageRoot(options: RunOptions, session: Session, onEvent: EventSink): Promise<ImageRoot> {
  const { image = "", build } = options;
  return build ? await built(build, options, session, onEvent) : await named(image, options, session, onEvent);
}

async function built(
  given: BuildOptions,
  { root, isolation, platform }: RunOptions,
  session: Session,
  onEvent: EventSink,
): Promise<ImageRoot> {
  const build = resolveBuildOptions({
    ...given,
    outputs: [{ type: "cacheonly" }],
    ...(root === undefined ? {} : { root }),
    ...(isolation === undefined ? {} : { isolation }),
    ...(platform === undefined ? {} : { platforms: [platform] }),
  });
  const made = await buildImages({ build, wanted: wantedImages(build), id: undefined }, session, onEvent);
  const [image] = made.images;
  const [stack] = made.solved.stacks;
  if (!image || !stack) throw new Error("internal: a build without an image");
  const name = build.target === undefined ? "the image" : `stage ${build.target}`;
  return { name, config: image.config.config ?? {}, platform: image.platform, stack, layers: made.solved.layers };
}

async function named(ref: string, options: RunOptions, session: Session, onEvent: EventSink): Promise<ImageRoot> {
  const platform = options.platform === undefined ? hostPlatform() : parsePlatform(options.platform);
  const layers = sessionLayers(session);
  const found =
    (options.pull === true ? undefined : fromStore(ref, platform, session)) ??
    (await fromRegistry(ref, platform, options, session, onEvent));
  const { source } = found;
  const stack = source.layers.map((layer) => session.store.layers.addRemote({ ...layer, origin: source.origin }).id);
  return { name: ref, config: found.config, platform: found.platform, stack, layers };
}

interface Found {
  readonly config: ContainerConfig;
  readonly platform: Platform;
  readonly source: SourceImage;
}

/** Returns an image of the store; undefined where it has none of that name. */
function fromStore(ref: string, platform: Platform, { store }: Session): Found | undefined {
  try {
    const { target, name = ref } = findImage(ref, store);
    const view = readImage(target, platform, store.blobs, name);
    return { config: view.config.config ?? {}, platform: view.platform, source: { origin: undefined, layers: layersOf(view) } };
  } catch (error) {
    if (error instanceof TsbuildError && error.code === "images/not-found") return undefined;
    throw error;
  }
}

function layersOf({ manifest, config }: ImageView): SourceImage["layers"] {
  return manifest.layers.map((blob, index) => ({ blob, diffId: config.rootfs.diff_ids[index] as Descriptor["digest"] }));
}

async function fromRegistry(
  ref: string,
  platform: Platform,
  { pull = false }: RunOptions,
  session: Session,
  onEvent: EventSink,
): Promise<Found> {
  const { store, signal, network } = session;
  const resolver = new ImageResolver({
    store,
    signal,
    pull,
    registry: () => network.registry(),
    onStale: (message) => onEvent({ type: "warning", diagnostic: { severity: "warning", code: "registry/stale", message } }),
  });
  const image = await runAsStep({ kind: "internal", text: `load metadata for ${ref}` }, onEvent, (step) =>
    resolver.resolve(ref, { platform, onWait: waitsOf(step) }),
  );
  const source = await resolver.source(image.op, formatPlatform(platform), platform);
  return { config: image.config.config ?? {}, platform: image.platform, source };
}
