import { emptyLayout, noArchive } from "./errors.js";
import { createReadStream, statSync } from "node:fs";
import type { Readable } from "node:stream";
import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import { CanceledError, throwIfAborted, TsbuildError, withMessage } from "../../core/errors.js";
import { openPipe } from "../../core/system/input-pipe.js";
import { openArchive } from "../../oci/layout/archive-reader.js";
import { type BlobTarget, type CompleteImage, requireComplete } from "../../oci/layout/complete.js";
import { LayoutDirectory } from "../../oci/layout/directory.js";
import { type FoundImage, imagesOf, readArchive } from "../../oci/layout/read.js";
import type { PlatformChoice } from "../options/options.js";
import { onlyPlatform, readStored } from "./describe.js";

interface LoadedImage {
  /** Canonical names that lead to it now. */
  readonly names: readonly string[];
  readonly id: Digest;
  readonly digest: Digest;
}

/** Options of loading; with a platform the image of that one alone is kept. */
type LoadOptions = PlatformChoice & { readonly signal?: AbortSignal };

/**
 * Loads images from an archive (file or stream, compressed or not) or from an OCI layout directory
 * into the store. Checks that all images are complete before it sets the first name, so a load that
 * fails changes no image.
 */
export async function loadImages(source: string | Readable, store: Store, options: LoadOptions): Promise<readonly LoadedImage[]> {
  const checked = await takeImages(source, store, options);
  const now = Date.now();
  const namesOf = (names: readonly string[]): readonly (string | undefined)[] => (names.length === 0 ? [undefined] : names);
  store.images.setAll(checked.flatMap(({ image }) => namesOf(image.names).map((name) => ({ name, target: image.target, createdAt: now }))));
  return checked.map(({ image }) => {
    const { view } = readStored({ ...image, createdAt: now }, store);
    return { names: image.names, id: view.manifest.config.digest, digest: image.target.digest };
  });
}

/** An image of an archive, whose blobs and layers are in the store, and which has no name there. */
interface TakenImage {
  readonly image: FoundImage;
  readonly complete: CompleteImage;
}

/**
 * Takes the images of an archive into the store, and checks that each is complete. Nothing keeps
 * them beyond the open store.
 */
export async function takeImages(source: string | Readable, store: Store, options: LoadOptions): Promise<readonly TakenImage[]> {
  try {
    return await takeComplete(source, store, options);
  } catch (error) {
    throw typeof source === "string" ? namingArchive(error, source) : error;
  }
}

/** Returns the error with the file's name. Readers of a stream can only say "the archive". */
function namingArchive(error: unknown, file: string): unknown {
  if (!(error instanceof TsbuildError) || error instanceof CanceledError) return error;
  const message = error.message.replace(/\bthe archive\b/, () => `the archive "${file}"`);
  return message === error.message ? error : withMessage(error, message);
}

async function takeComplete(source: string | Readable, store: Store, { signal, platform }: LoadOptions): Promise<readonly TakenImage[]> {
  const blobs = leasingTarget(store);
  const all = await readSource(source, blobs, signal === undefined ? {} : { signal });
  const found = platform === undefined ? all : all.map((image) => onlyPlatform({ ...image, createdAt: 0 }, store, platform));
  const checked = found.map((image) => ({
    image,
    complete: requireComplete(image.target, blobs, `image ${image.names[0] ?? image.target.digest} of the archive`),
  }));
  for (const { complete } of checked) {
    for (const { manifest, config } of complete.images) {
      manifest.layers.forEach((blob, index) => {
        const diffId = config.rootfs.diff_ids[index] as Digest;
        // Only present layers: a foreign layer stays at the address in its manifest.
        if (store.blobs.has(blob.digest)) store.layers.addRemote({ diffId, blob, origin: undefined });
      });
    }
  }
  return checked;
}

async function readSource(
  source: string | Readable,
  blobs: BlobTarget,
  options: { readonly signal?: AbortSignal },
): Promise<readonly FoundImage[]> {
  if (typeof source !== "string") return readStream(source, blobs, options);
  const stat = statSync(source, { throwIfNoEntry: false });
  if (stat === undefined) throw noArchive(source);
  if (stat.isFile()) return readArchive(openArchive(source), blobs, options);
  // A pipe (`<(…)` of a shell) can be read only once.
  if (stat.isFIFO()) return readStream(openPipe(source, options.signal ?? new AbortController().signal), blobs, options);
  if (!stat.isDirectory()) return readStream(createReadStream(source, { highWaterMark: 1 << 20 }), blobs, options);
  const layout = new LayoutDirectory(source);
  for (const { annotations: _, ...target } of layout.entries) await layout.copyTo(target, blobs, options);
  const images = imagesOf(layout.entries, blobs);
  if (images.length === 0) throw emptyLayout(source);
  return images;
}

/**
 * Reads an archive from a stream. A stream may be silent for a long time: an abort must not wait
 * for its next byte.
 */
async function readStream(source: Readable, blobs: BlobTarget, options: { readonly signal?: AbortSignal }): Promise<readonly FoundImage[]> {
  const cancel = (): void => void source.destroy(new CanceledError());
  options.signal?.addEventListener("abort", cancel, { once: true });
  try {
    throwIfAborted(options.signal);
    return await readArchive(openArchive(source), blobs, options);
  } catch (error) {
    throwIfAborted(options.signal);
    throw error;
  } finally {
    options.signal?.removeEventListener("abort", cancel);
    source.destroy();
  }
}

/**
 * Returns the store's blobs as a target. Keeps existing ones from collection until the load ends.
 */
function leasingTarget(store: Store): BlobTarget {
  const { blobs } = store;
  return {
    has: (digest) => blobs.has(digest),
    readSmall: (digest) => blobs.readSmall(digest),
    size: (digest) => blobs.size(digest),
    writeSmall: (data) => blobs.writeSmall(data),
    ingest: (...parameters) => blobs.ingest(...parameters),
    keep: (digest) => blobs.has(digest) && store.leases.hold("blob", [digest]).held.length === 1,
  };
}
