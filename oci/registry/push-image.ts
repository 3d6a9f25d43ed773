import { inParallel } from "../../core/tasks/in-parallel.js";
import { waitsOf } from "../../net/limits.js";
import { formatReference, type Reference } from "../reference.js";
import type { Descriptor } from "../types.js";
import type { RegistryClient } from "./client.js";

/** Blobs sent at once, as docker does. */
const PARALLEL = 5;

/** A blob that a registry shall have. */
export interface OutgoingBlob {
  readonly descriptor: Descriptor;
  /** Kind of the blob, for people. */
  readonly kind: "layer" | "config" | "blob";
  /**
   * Opens the bytes again for each attempt. Not called when the registry has the blob, or can mount
   * it.
   */
  readonly open: (signal: AbortSignal) => AsyncIterable<Uint8Array>;
  /**
   * An image that the blob came from. A blob of the same registry is mounted instead of uploaded.
   */
  readonly origin?: Reference | undefined;
}

/** A manifest or index with its bytes. */
export interface OutgoingManifest {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

interface OutgoingImage {
  /** Blobs, each once. */
  readonly blobs: readonly OutgoingBlob[];
  /** Manifests that `target` refers to, inner ones first. */
  readonly manifests: readonly OutgoingManifest[];
  /** Manifest that gets the tag. */
  readonly target: OutgoingManifest;
}

interface PushImageOptions {
  readonly signal: AbortSignal;
  progress(item: string, current: number, total: number | undefined, done: boolean): void;
}

/**
 * Pushes an image under all its names. Sends blobs first, then manifests, the tag last: a reader
 * never finds half an image. A further tag in the same repository needs only its manifest. Another
 * repository of the registry mounts the blobs of the first.
 */
export async function pushImage(
  image: OutgoingImage,
  references: readonly Reference[],
  client: RegistryClient,
  options: PushImageOptions,
): Promise<void> {
  const pushed = new Map<string, Reference>();
  for (const reference of references) {
    const key = `${reference.registry}/${reference.repository}`;
    const first = !pushed.has(key);
    if (first) await pushBlobs(image.blobs, { reference, done: [...pushed.values()], client }, options);
    await pushManifests(image, { reference, first, client }, options);
    pushed.set(key, reference);
  }
}

interface Destination {
  readonly reference: Reference;
  readonly client: RegistryClient;
}

async function pushBlobs(
  blobs: readonly OutgoingBlob[],
  { reference, done, client }: Destination & { readonly done: readonly Reference[] },
  options: PushImageOptions,
): Promise<void> {
  await inParallel(blobs, { limit: PARALLEL, signal: options.signal }, async ({ descriptor, kind, origin, open }, signal) => {
    const item = `pushing ${kind} ${descriptor.digest}`;
    const from = [...done, ...(origin === undefined ? [] : [origin])].find((other) => other.registry === reference.registry);
    options.progress(item, 0, descriptor.size, false);
    await client.putBlob(reference, descriptor, {
      open: () => open(signal),
      mountFrom: from?.repository,
      signal,
      onWait: waitsOf(options),
      onProgress: (bytes) => options.progress(item, bytes, descriptor.size, false),
    });
    options.progress(item, descriptor.size, descriptor.size, true);
  });
}

async function pushManifests(
  { manifests, target }: OutgoingImage,
  { reference, first, client }: Destination & { readonly first: boolean },
  options: PushImageOptions,
): Promise<void> {
  const put = async (name: Reference, { descriptor, bytes }: OutgoingManifest): Promise<void> => {
    const item = `pushing manifest for ${formatReference({ ...name, digest: descriptor.digest })}`;
    options.progress(item, 0, undefined, false);
    await client.putManifest(name, bytes, descriptor.mediaType, { signal: options.signal, onWait: waitsOf(options) });
    options.progress(item, descriptor.size, descriptor.size, true);
  };
  const byDigest: Reference = { registry: reference.registry, repository: reference.repository };
  if (first) for (const manifest of manifests) await put(byDigest, manifest);
  await put(reference, target);
}
