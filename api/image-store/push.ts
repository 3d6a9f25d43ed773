import { noSuchRepository, pushWithoutName, partMissing } from "./errors.js";
import type { ImageEntry } from "../../cache/contract/images.js";
import { parseCacheOrigin } from "../../cache/remote/origin.js";
import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import { CanceledError, TsbuildError, UsageError } from "../../core/errors.js";
import { type ImageTree, isAttestation, manifestBlobs, type ManifestNode, platformOf, readTree } from "../../oci/image.js";
import { isForeignLayerType } from "../../oci/media-types.js";
import { noImageForPlatform } from "../../oci/errors.js";
import { formatPlatform, parsePlatform, type Platform, platformRank } from "../../oci/platform.js";
import { familiarReference, formatReference, parseReference, type Reference, withDefaultTag } from "../../oci/reference.js";
import type { RegistryClient } from "../../oci/registry/client.js";
import { type OutgoingBlob, type OutgoingManifest, pushImage } from "../../oci/registry/push-image.js";
import type { Descriptor } from "../../oci/types.js";
import { parseImageConfig } from "../../oci/validate.js";
import { ensureBlob } from "../../solver/layers/ensure-blob.js";
import type { FetchOptions, Reporter } from "../../solver/layers/ports.js";
import { runAsStep } from "../record/build-steps.js";
import type { PushedImage, PushOptions } from "../options/transfer-types.js";
import { plainDescriptor } from "./describe.js";
import { findImage } from "./lookup.js";
import { requireNoTag, type TransferParts } from "./pull.js";

/**
 * Pushes an image under its name, or every image of a repository in the store, one after the other.
 * Manifests and configs are sent as they are stored.
 */
export async function pushImages(ref: string, { store, registry }: TransferParts, options: PushOptions): Promise<readonly PushedImage[]> {
  const { onEvent = () => undefined, signal = new AbortController().signal, allTags = false, platform } = options;
  const entries = allTags ? entriesOf(ref, store) : [entryOf(ref, store)];
  const client = await registry();
  const pushed: PushedImage[] = [];
  for (const entry of entries) {
    const reference = parseReference(entry.name);
    const work = new Push({ entry, reference, store, client });
    pushed.push(
      await runAsStep({ kind: "export", text: `pushing ${entry.name}` }, onEvent, ({ progress }) =>
        work.run({ signal, progress }, platform),
      ),
    );
  }
  return pushed;
}

type NamedEntry = ImageEntry & { readonly name: string };

function entryOf(ref: string, store: Store): NamedEntry {
  const { name, target, createdAt } = findImage(ref, store);
  if (name !== undefined) return { name, target, createdAt };
  throw pushWithoutName(ref, target);
}

function entriesOf(ref: string, store: Store): readonly NamedEntry[] {
  const reference = UsageError.of(() => parseReference(ref));
  requireNoTag(reference, ref);
  const prefix = `${formatReference(reference)}:`;
  const entries = store.images.list().flatMap((entry) => (entry.name?.startsWith(prefix) ? [{ ...entry, name: entry.name }] : []));
  if (entries.length > 0) return entries;
  throw noSuchRepository(ref);
}

/** Parts of an image that are sent. */
interface Selection {
  readonly target: Descriptor;
  readonly manifests: readonly ManifestNode[];
  readonly indexes: ImageTree["indexes"];
  readonly onlyPlatform?: string;
}

/** The tree of an image, or of one platform of it, with what the tag shall name. */
interface PushedTree extends ImageTree {
  readonly target: Descriptor;
}

interface PushParts {
  readonly entry: NamedEntry;
  readonly reference: Reference;
  readonly store: Store;
  readonly client: RegistryClient;
}

class Push {
  readonly #entry: NamedEntry;
  readonly #reference: Reference;
  readonly #store: Store;
  readonly #client: RegistryClient;

  constructor({ entry, reference, store, client }: PushParts) {
    this.#entry = entry;
    this.#reference = reference;
    this.#store = store;
    this.#client = client;
  }

  async run(reporter: Reporter, platform: string | undefined): Promise<PushedImage> {
    const { blobs, leases } = this.#store;
    const whole = readTree(this.#entry.target, blobs, this.#what);
    const tree = platform === undefined ? { ...whole, target: this.#entry.target } : this.#platformTree(whole, platform);
    const origins = this.#origins(tree);
    const lease = leases.hold(
      "blob",
      [...tree.indexes, ...tree.manifests].map(({ descriptor }) => descriptor.digest).concat([...blobsOf(tree.manifests).keys()]),
    );
    try {
      const { target, manifests, indexes, onlyPlatform } = await this.#select(tree, origins, reporter.signal);
      const document = (descriptor: Descriptor): OutgoingManifest => ({ descriptor, bytes: blobs.readSmall(descriptor.digest) });
      // readTree goes from the outside in.
      const inner = [...manifests, ...[...indexes].reverse()].filter(({ descriptor }) => descriptor.digest !== target.digest);
      await pushImage(
        {
          blobs: this.#outgoing(manifests, origins, reporter),
          manifests: inner.map(({ descriptor }) => document(descriptor)),
          target: document(target),
        },
        [this.#reference],
        this.#client,
        reporter,
      );
      const { mediaType, digest, size } = target;
      return {
        name: this.#entry.name,
        tag: this.#reference.tag as string,
        descriptor: { mediaType, digest, size },
        ...(onlyPlatform === undefined ? {} : { onlyPlatform }),
      };
    } catch (error) {
      if (reporter.signal.aborted) throw new CanceledError("The push was canceled", { cause: error });
      throw error;
    } finally {
      lease.release();
    }
  }

  /** Returns the tree of one platform's image alone, which is then the target. */
  #platformTree({ manifests, absent }: ImageTree, platform: string): PushedTree {
    const wanted = UsageError.of(() => parsePlatform(platform));
    const images = manifests.filter(({ image }) => image);
    const platforms = images.map((node) => this.#platformOf(node));
    const ranks = platforms.map((candidate) => (candidate === undefined ? undefined : platformRank(wanted, candidate)));
    const best = Math.min(...ranks.map((rank) => rank ?? Infinity));
    const node = images[ranks.indexOf(best)];
    if (node !== undefined) return { target: plainDescriptor(node.descriptor), indexes: [], manifests: [node], absent: [] };
    const missing = absent.flatMap((gap) => (gap.platform ? [platformOf(gap.platform)] : []));
    const there = [...platforms, ...missing].flatMap((found) => (found === undefined ? [] : [formatPlatform(found)]));
    throw noImageForPlatform(this.#what, formatPlatform(wanted), there);
  }

  #platformOf({ descriptor, manifest }: ManifestNode): Platform | undefined {
    if (descriptor.platform) return platformOf(descriptor.platform);
    const { blobs } = this.#store;
    if (!blobs.has(manifest.config.digest)) return undefined;
    return platformOf(parseImageConfig(blobs.readSmall(manifest.config.digest), `config of ${this.#what}`));
  }

  get #what(): string {
    return familiarReference(withDefaultTag(this.#reference));
  }

  /** Returns the origins of layers, from where they can be fetched or mounted. */
  #origins({ manifests }: ImageTree): ReadonlyMap<Digest, Reference> {
    const { blobs, layers } = this.#store;
    const origins = new Map<Digest, Reference>();
    for (const { manifest, image } of manifests) {
      if (!image || !blobs.has(manifest.config.digest)) continue;
      const config = parseImageConfig(blobs.readSmall(manifest.config.digest), `config of ${this.#what}`);
      manifest.layers.forEach(({ digest }, index) => {
        const diffId = config.rootfs.diff_ids[index];
        const record = diffId === undefined ? undefined : layers.byDiffId(diffId);
        if (record?.origin === undefined || record.blob?.digest !== digest || parseCacheOrigin(record.origin)) return;
        origins.set(digest, parseReference(record.origin));
      });
    }
    return origins;
  }

  /**
   * Selects the whole image, when each part is here, can be fetched, or is at the registry already.
   * When only one image of an index is present, selects that image alone, as docker does. Throws
   * `image/incomplete`.
   */
  async #select(tree: PushedTree, origins: ReadonlyMap<Digest, Reference>, signal: AbortSignal): Promise<Selection> {
    const { target } = tree;
    const can = (blob: Descriptor) => this.#store.blobs.has(blob.digest) || origins.has(blob.digest) || isForeignLayerType(blob.mediaType);
    const whole = tree.manifests.filter(({ manifest }) => manifestBlobs(manifest).every(can));
    const gaps = [...tree.absent, ...tree.manifests.filter((node) => !whole.includes(node)).map(({ descriptor }) => descriptor)];
    const missing: Descriptor[] = [];
    for (const gap of gaps) if (!(await this.#isThere(gap, signal))) missing.push(gap);
    if (missing.length === 0) return { target, manifests: whole, indexes: tree.indexes };
    const [image, another] = whole.filter((node) => node.image);
    if (image !== undefined && another === undefined) {
      const { platform } = image.descriptor;
      return {
        target: plainDescriptor(image.descriptor),
        manifests: [image],
        indexes: [],
        onlyPlatform: platform ? formatPlatform(platformOf(platform)) : "unknown",
      };
    }
    const platforms = missing.flatMap(({ platform, ...gap }) =>
      platform && !isAttestation({ ...gap, platform }) ? [formatPlatform(platformOf(platform))] : [],
    );
    const absent = platforms.length > 0 ? `${platforms.join(", ")} of its index` : missing[0]?.digest;
    throw partMissing(this.#what, absent);
  }

  /** Returns true when the repository has a manifest already, with all its parts. */
  async #isThere({ digest }: Descriptor, signal: AbortSignal): Promise<boolean> {
    const { registry, repository } = this.#reference;
    try {
      await this.#client.resolve({ registry, repository, digest }, { signal });
      return true;
    } catch (error) {
      if (error instanceof TsbuildError && error.code === "registry/not-found") return false;
      throw error;
    }
  }

  #outgoing(manifests: readonly ManifestNode[], origins: ReadonlyMap<Digest, Reference>, reporter: Reporter): readonly OutgoingBlob[] {
    const { blobs } = this.#store;
    return [...blobsOf(manifests).values()].flatMap(({ descriptor, kind }) => {
      if (isForeignLayerType(descriptor.mediaType) && !blobs.has(descriptor.digest)) return [];
      const origin = origins.get(descriptor.digest);
      return [{ descriptor, kind, origin, open: (signal) => this.#open(descriptor, origin, { ...reporter, signal }) }];
    });
  }

  async *#open(blob: Descriptor, origin: Reference | undefined, reporter: Reporter): AsyncGenerator<Uint8Array> {
    if (origin !== undefined && !this.#store.blobs.has(blob.digest)) {
      const source = (options: FetchOptions) => this.#client.blob(origin, blob, options);
      await ensureBlob(this.#store, blob, source, { reporter });
    }
    yield* this.#store.blobs.open(blob.digest);
  }
}

/** Returns every blob once, in the order in which manifests name them. */
function blobsOf(manifests: readonly ManifestNode[]): ReadonlyMap<Digest, Pick<OutgoingBlob, "descriptor" | "kind">> {
  const found = new Map<Digest, Pick<OutgoingBlob, "descriptor" | "kind">>();
  for (const { manifest, image } of manifests) {
    for (const layer of manifest.layers) found.set(layer.digest, { descriptor: layer, kind: image ? "layer" : "blob" });
    found.set(manifest.config.digest, { descriptor: manifest.config, kind: "config" });
  }
  return found;
}
