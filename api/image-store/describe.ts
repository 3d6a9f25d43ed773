import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import { type ImageView, manifestBlobs, readTree } from "../../oci/image.js";
import { type CompleteImage, requireComplete } from "../../oci/layout/complete.js";
import { noImageForPlatform } from "../../oci/errors.js";
import { formatPlatform, hostPlatform, parsePlatform, platformRank } from "../../oci/platform.js";
import { UsageError } from "../../core/errors.js";
import type { Descriptor } from "../../oci/types.js";
import { familiarReference, familiarRepository, parseReference } from "../../oci/reference.js";
import type { StoredImage } from "../options/options.js";
import type { NamedImage } from "./lookup.js";

/** A stored image: all its parts, and the platform that stands for it. */
interface ReadImage {
  readonly complete: CompleteImage;
  readonly view: ImageView;
}

/**
 * Reads an image. `platform` (`os/arch[/variant]`) stands for it; without one that nearest to the
 * host's, else the first. Throws `image/incomplete`, or `image/no-platform`.
 */
export function readStored(image: NamedImage, store: Store, platform?: string): ReadImage {
  const complete = requireComplete(image.target, store.blobs, `image ${shownName(image)}`);
  const wanted = platform === undefined ? hostPlatform() : UsageError.of(() => parsePlatform(platform));
  const ranked = complete.images.map((view) => ({ view, rank: platformRank(wanted, view.platform) ?? Number.MAX_SAFE_INTEGER }));
  const best = ranked.reduce((a, b) => (b.rank < a.rank ? b : a));
  if (platform !== undefined && best.rank === Number.MAX_SAFE_INTEGER) {
    const there = complete.images.map((view) => formatPlatform(view.platform));
    throw noImageForPlatform(`image ${shownName(image)}`, formatPlatform(wanted), there);
  }
  return { complete, view: best.view };
}

/** Returns the image of one platform as an image of its own, with the same names. */
export function onlyPlatform<I extends NamedImage>(image: I, store: Store, platform: string): I {
  const { descriptor } = readStored(image, store, platform).view;
  return { ...image, target: plainDescriptor(descriptor) };
}

/** Returns a descriptor without the members that only an index has. */
export function plainDescriptor({ mediaType, digest, size }: Descriptor): Descriptor {
  return { mediaType, digest, size };
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
    platforms: complete.images.map(({ platform, descriptor, manifest }) => ({
      platform: formatPlatform(platform),
      digest: descriptor.digest,
      id: manifest.config.digest,
      size: [descriptor, ...manifestBlobs(manifest)].reduce((sum, { size }) => sum + size, 0),
    })),
    descriptor: image.target,
  };
}

/** Members of a config that docker shows also where the image has none. */
const EMPTY_CONFIG = { Cmd: null, Entrypoint: null, Env: null, Labels: null, OnBuild: null, User: "", Volumes: null, WorkingDir: "" };

/** Returns the output of `docker inspect` about an image, as far as it exists without a daemon. */
export function inspectImage(image: NamedImage, store: Store, platform?: string): Record<string, unknown> {
  const { complete, view } = readStored(image, store, platform);
  const { config } = view;
  const references = image.names.map(parseReference);
  return {
    Id: view.manifest.config.digest,
    RepoTags: references.map(familiarReference),
    RepoDigests: [...new Set(references.map((reference) => `${familiarRepository(reference)}@${image.target.digest}`))],
    Parent: "",
    Comment: config.history?.at(-1)?.comment ?? "",
    Created: config.created ?? "",
    Author: config.author ?? "",
    DockerVersion: "",
    Config: { ...EMPTY_CONFIG, ...config.config },
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
