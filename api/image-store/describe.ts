import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import { type ImageView, manifestBlobs, readTree } from "../../oci/image.js";
import { type CompleteImage, requireComplete } from "../../oci/layout/complete.js";
import { formatPlatform, hostPlatform, platformRank } from "../../oci/platform.js";
import { familiarReference, familiarRepository, parseReference } from "../../oci/reference.js";
import type { StoredImage } from "../options/options.js";
import type { NamedImage } from "./lookup.js";

/** A stored image: all its parts, and the platform that stands for it. */
interface ReadImage {
  readonly complete: CompleteImage;
  readonly view: ImageView;
}

/**
 * Reads an image. The platform nearest to the host's stands for it, else the first. Throws
 * `image/incomplete`.
 */
export function readStored(image: NamedImage, store: Store): ReadImage {
  const complete = requireComplete(image.target, store.blobs, `image ${shownName(image)}`);
  const host = hostPlatform();
  const ranked = complete.images.map((view) => ({ view, rank: platformRank(host, view.platform) ?? Number.MAX_SAFE_INTEGER }));
  const best = ranked.reduce((a, b) => (b.rank < a.rank ? b : a));
  return { complete, view: best.view };
}

export function storedImage(image: NamedImage, store: Store): StoredImage {
  const { complete, view } = readStored(image, store);
  return {
    names: image.names,
    digest: image.target.digest,
    id: view.manifest.config.digest,
    created: view.config.created,
    size: sizeOf(complete, store),
    platform: formatPlatform(view.platform),
    descriptor: image.target,
  };
}

/** Returns the output of `docker inspect` about an image, as far as it exists without a daemon. */
export function inspectImage(image: NamedImage, store: Store): Record<string, unknown> {
  const { complete, view } = readStored(image, store);
  const { config } = view;
  const references = image.names.map(parseReference);
  return {
    Id: view.manifest.config.digest,
    RepoTags: references.map(familiarReference),
    RepoDigests: [...new Set(references.map((reference) => `${familiarRepository(reference)}@${image.target.digest}`))],
    Comment: config.history?.at(-1)?.comment ?? "",
    Created: config.created ?? "",
    Author: config.author ?? "",
    Config: config.config ?? {},
    Architecture: config.architecture,
    ...(config.variant === undefined ? {} : { Variant: config.variant }),
    Os: config.os,
    ...(config["os.version"] === undefined ? {} : { OsVersion: config["os.version"] }),
    Size: sizeOf(complete, store),
    RootFS: { Type: "layers", Layers: config.rootfs.diff_ids },
    Metadata: { LastTagTime: new Date(image.createdAt).toISOString() },
    Descriptor: image.target,
  };
}

/** Returns the bytes of all present blobs of an image, each once. */
function sizeOf(complete: CompleteImage, store: Store): number {
  const sizes = new Map<Digest, number>();
  for (const { descriptor, manifest } of complete.images)
    for (const blob of [descriptor, ...manifestBlobs(manifest)]) sizes.set(blob.digest, blob.size);
  for (const { descriptor } of readTree(complete.target, store.blobs, "an image").indexes) sizes.set(descriptor.digest, descriptor.size);
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

function shownName(image: NamedImage): string {
  const [name] = image.names;
  return name === undefined ? image.target.digest : familiarReference(parseReference(name));
}
