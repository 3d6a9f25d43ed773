import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import { readTree } from "../../oci/image.js";
import { parseIndex } from "../../oci/validate.js";
import { readStored } from "./describe.js";
import type { Match } from "./lookup.js";

/**
 * Removes the images of some platforms from an index, with the attestations about them. The names
 * lead to an index without them. Removes the whole image when none is left.
 *
 * Note that docker keeps the index, which then names what is not there. We make another one,
 * because the store keeps what an index names.
 */
export function removePlatforms(
  image: Match,
  platforms: readonly string[],
  store: Store,
): { readonly untagged: readonly string[]; readonly deleted: readonly Digest[] } {
  const gone = new Set(platforms.map((platform) => readStored(image, store, platform).view.descriptor.digest));
  const { complete } = readStored(image, store);
  const { indexes } = readTree(image.target, store.blobs, "an image");
  const old = image.target.digest;
  const sweep = (): readonly Digest[] => store.gc.sweepBlobs([old]);
  if (indexes.length === 0 || complete.images.every(({ descriptor }) => gone.has(descriptor.digest))) {
    store.images.removeDigest(old);
    return { untagged: image.names, deleted: sweep() };
  }
  const { manifests, ...rest } = parseIndex(store.blobs.readSmall(old), "an image");
  const about = (annotations: Readonly<Record<string, string>> | undefined): string | undefined =>
    annotations?.["vnd.docker.reference.digest"];
  const left = manifests.filter(({ digest, annotations }) => !gone.has(digest) && !gone.has(about(annotations) as Digest));
  const written = store.blobs.writeSmall(JSON.stringify({ ...rest, manifests: left }));
  const target = { mediaType: image.target.mediaType, digest: written.digest, size: written.size };
  const names = image.names.length === 0 ? [undefined] : image.names;
  store.images.removeDigest(old);
  store.images.setAll(names.map((name) => ({ name, target, createdAt: image.createdAt })));
  return { untagged: [], deleted: sweep() };
}
