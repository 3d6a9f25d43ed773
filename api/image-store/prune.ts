import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import type { PrunedImages, PruneImagesOptions, StoredImage } from "../options/options.js";
import { removeOrphansNow } from "../session/store-worker.js";

/**
 * Removes images without a name, or all of them, and every part that nothing else needs. Images
 * that lost their name to another image are not listed, and are removed with those parts. Cached
 * steps and cache mounts stay.
 */
export async function pruneImages(
  store: Store,
  { all = false, only = () => true }: PruneImagesOptions,
  images: readonly StoredImage[],
): Promise<PrunedImages> {
  const chosen = images.filter((image) => (all || image.names.length === 0) && only(image));
  for (const { digest } of chosen) store.images.removeDigest(digest);
  // Without a policy only unreferenced parts are removed.
  const { removed, bytes } = store.gc.collect();
  await removeOrphansNow(store);
  return {
    untagged: chosen.flatMap(({ names }) => names),
    deleted: removed.flatMap(({ kind, id }) => (kind === "blob" ? [id as Digest] : [])),
    reclaimed: bytes,
  };
}
