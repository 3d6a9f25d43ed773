import { archivePartProblem, partOfOtherSize } from "./errors.js";
import type { Digest } from "../../core/digest.js";
import type { TsbuildError } from "../../core/errors.js";
import { type BlobReader, checkLayerCount, type ImageView, manifestBlobs, platformOf, readTree } from "../image.js";
import { isForeignLayerType } from "../media-types.js";
import type { Descriptor, Manifest } from "../types.js";
import { parseImageConfig } from "../validate.js";

/** A blob store that images are imported into. */
export interface BlobTarget extends BlobReader {
  writeSmall(data: string | Uint8Array): { readonly digest: Digest; readonly size: number };
  ingest(
    source: AsyncIterable<Uint8Array>,
    expected?: { readonly digest?: Digest; readonly size?: number },
    options?: { readonly signal?: AbortSignal },
  ): Promise<{ readonly digest: Digest; readonly size: number }>;
  /**
   * Keeps an existing blob from being collected; returns false when there is no such blob. Default:
   * {@link BlobReader.has}.
   */
  keep?(digest: Digest): boolean;
}

/** A target and its complete images, whose blobs are all present. */
export interface CompleteImage {
  readonly target: Descriptor;
  readonly images: readonly [ImageView, ...ImageView[]];
}

/**
 * Checks that an image is complete and consistent: manifests, configs, layers, their number and
 * sizes. Requires at least one complete image of an index, because engines save an index with only
 * the platforms they have. Throws `image/incomplete` or `image/invalid`.
 */
export function requireComplete(target: Descriptor, blobs: BlobReader, what: string): CompleteImage {
  if (!blobs.has(target.digest)) throw incomplete(what, `its manifest ${target.digest} is missing`);
  const tree = readTree(target, blobs, what);
  const images: ImageView[] = [];
  let firstGap: string | undefined = tree.absent.length > 0 ? `manifest ${tree.absent[0]?.digest} is missing` : undefined;
  for (const { descriptor, manifest, image } of tree.manifests) {
    if (!image) continue;
    const parts = manifestBlobs(manifest);
    const gap = parts.findIndex((part) => !isForeignLayerType(part.mediaType) && !blobs.has(part.digest));
    if (gap >= 0) {
      firstGap ??= `${gap === 0 ? "its config" : `layer ${gap} of ${parts.length - 1},`} ${parts[gap]?.digest}${gap === 0 ? "" : ","} is missing`;
      continue;
    }
    requireSizes(manifest, blobs, what);
    const config = parseImageConfig(blobs.readSmall(manifest.config.digest), `config ${manifest.config.digest} of ${what}`);
    checkLayerCount(manifest, config, what);
    images.push({ descriptor, manifest, config, platform: platformOf(config) });
  }
  const [first, ...others] = images;
  if (first === undefined) throw incomplete(what, firstGap ?? "it holds no image");
  return { target, images: [first, ...others] };
}

/**
 * Throws `image/invalid` when a manifest states other sizes than its blobs have: a registry, which
 * trusts the manifest, would refuse the image.
 */
function requireSizes(manifest: Manifest, blobs: BlobReader, what: string): void {
  for (const { digest, size, mediaType } of manifestBlobs(manifest)) {
    if (!blobs.has(digest) && isForeignLayerType(mediaType)) continue;
    const found = blobs.size(digest);
    if (found === size) continue;
    throw partOfOtherSize(what, digest, found, size);
  }
}

function incomplete(what: string, why: string): TsbuildError {
  return archivePartProblem(what, why);
}
