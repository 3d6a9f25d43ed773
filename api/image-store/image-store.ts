import { severalNames } from "./errors.js";
import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import { TsbuildError, UsageError } from "../../core/errors.js";
import { parseImageName } from "../../oci/reference.js";
import type { RegistryClient } from "../../oci/registry/client.js";
import { inspectImage, readStored, storedImage } from "./describe.js";
import { historyOf } from "./history.js";
import { loadImages } from "./load.js";
import { findImage, groupImages, type NamedImage } from "./lookup.js";
import { removePlatforms } from "./remove-platforms.js";
import { saveImages } from "./save.js";
import { readAuthorities } from "../options/authorities.js";
import type { ImageStore, StoredImage } from "../options/options.js";
import { openProcessStore } from "../session/process-store.js";

/**
 * Opens the local image store. Default root: `$TSBUILD_ROOT`, then `$XDG_DATA_HOME/tsbuild`, then
 * `~/.local/share/tsbuild`. `ca` has certificates of authorities that registries may be certified
 * by, as the `ca` of a build. Close it when done.
 */
export async function openImageStore({ ca = [], ...options }: ImageStoreOptions = {}): Promise<ImageStore> {
  const authorities = UsageError.of(() => readAuthorities(ca));
  return imageStoreOf(openProcessStore(options), authorities);
}

interface ImageStoreOptions {
  readonly root?: string;
  readonly ca?: readonly string[];
}

/** Returns the image commands over an open store, which they close. */
function imageStoreOf(store: Store, authorities: readonly string[]): ImageStore {
  let client: Promise<RegistryClient> | undefined;
  const registry = (): Promise<RegistryClient> => {
    client ??= import("../../oci/registry/client.js").then(({ createRegistryClient }) => createRegistryClient({ authorities }));
    return client;
  };
  const listed = (): readonly StoredImage[] =>
    groupImages(store.images.list())
      .map((image) => listedImage(image, store))
      .sort((a, b) => Date.parse(b.created ?? "") - Date.parse(a.created ?? "") || 0);
  const close = (): void => {
    void client?.then((open) => open.close());
    store.close();
  };
  return {
    list: listed,
    get: (ref) => storedImage(findImage(ref, store), store),
    tag(ref, name) {
      const parsed = UsageError.of(() => parseImageName(name));
      store.images.set(parsed, findImage(ref, store).target, Date.now());
    },
    remove: (ref, { force = false, platforms = [] } = {}) =>
      platforms.length > 0 ? removePlatforms(findImage(ref, store), platforms, store) : removeImage(ref, force, store),
    inspect: (ref, { platform } = {}) => inspectImage(findImage(ref, store), store, platform),
    history: (ref, { platform } = {}) => historyOf(readStored(findImage(ref, store), store, platform).view),
    save: (refs, dest, options = {}) => saveImages(refs, dest, store, options),
    load: (source, options = {}) => loadImages(source, store, options),
    pull: async (ref, options = {}) => {
      const { pullImages } = await import("./pull.js");
      return pullImages(ref, { store, registry }, options);
    },
    push: async (ref, options = {}) => {
      const { pushImages } = await import("./push.js");
      return pushImages(ref, { store, registry }, options);
    },
    pruneImages: async (options = {}) => {
      const { pruneImages } = await import("./prune.js");
      return pruneImages(store, options, listed());
    },
    du: async () => {
      const { storeUsage } = await import("../store/disk-usage.js");
      return storeUsage(store);
    },
    prune: async (policy = {}) => {
      const { pruneStore } = await import("../store/prune.js");
      return pruneStore(store, policy);
    },
    async verify() {
      store.gc.recover();
      const { verifySnapshots } = await import("../store/verify-snapshots.js");
      // First, because its reports come only once.
      const snapshots = await verifySnapshots(store);
      return [...store.gc.verify({ content: true }), ...snapshots];
    },
    close,
    [Symbol.dispose]: close,
  };
}

/**
 * Returns an image for listings. An image that lost a blob is still listed, so that a user can see
 * and remove it.
 */
function listedImage(image: NamedImage, store: Store): StoredImage {
  try {
    return storedImage(image, store);
  } catch (error) {
    if (!(error instanceof TsbuildError)) throw error;
    const { digest, size } = image.target;
    return {
      names: image.names,
      digest,
      id: digest,
      created: undefined,
      size,
      platform: "unknown",
      platforms: [],
      descriptor: image.target,
    };
  }
}

/** Removes a name; with the last name the image, and with it the blobs without another user. */
function removeImage(
  ref: string,
  force: boolean,
  store: Store,
): { readonly untagged: readonly string[]; readonly deleted: readonly Digest[] } {
  const match = findImage(ref, store);
  if (match.name !== undefined) {
    store.images.remove(match.name);
    const untagged = [match.name];
    return { untagged, deleted: match.names.length > 1 ? [] : store.gc.sweepBlobs([match.target.digest]) };
  }
  if (match.names.length > 1 && !force) {
    throw severalNames(ref, match);
  }
  store.images.removeDigest(match.target.digest);
  return { untagged: match.names, deleted: store.gc.sweepBlobs([match.target.digest]) };
}
