import { noTags, tagBesideAllTags, notAnImage, otherPlatform, pulledIndexTooDeep } from "./errors.js";
import { availableParallelism } from "node:os";
import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import { CanceledError, UsageError } from "../../core/errors.js";
import type { EventSink } from "../../core/events.js";
import { inParallel } from "../../core/tasks/in-parallel.js";
import { checkLayerCount, isAttestation, type ManifestNode, platformOf, readTree, requirePlatform } from "../../oci/image.js";
import { waitsOf } from "../../net/limits.js";
import { requireComplete } from "../../oci/layout/complete.js";
import { isForeignLayerType } from "../../oci/media-types.js";
import { formatPlatform, hostPlatform, parsePlatform, type Platform, platformRank } from "../../oci/platform.js";
import { familiarReference, formatReference, parseReference, type Reference, withDefaultTag } from "../../oci/reference.js";
import type { RegistryClient } from "../../oci/registry/client.js";
import type { Descriptor, ImageConfig, Manifest } from "../../oci/types.js";
import { parseImageConfig, parseManifestOrIndex } from "../../oci/validate.js";
import { ensureBlob } from "../../solver/layers/ensure-blob.js";
import type { FetchOptions, Reporter } from "../../solver/layers/ports.js";
import { runAsStep } from "../record/build-steps.js";
import type { PulledImage, PullOptions } from "../options/transfer-types.js";
import { withSimilarTags } from "../sources/similar-tags.js";
import { readStored } from "./describe.js";

/** Services of a transfer. The client is made with the first request. */
export interface TransferParts {
  readonly store: Store;
  readonly registry: () => Promise<RegistryClient>;
}

/** Blobs that are fetched at once, as in builds. */
const PARALLEL = Math.max(4, availableParallelism());

/**
 * Fetches an image, or all tags of a repository, one after the other: manifests, configs and
 * layers, verified. Sets a name once its image is complete, so a pull that fails changes no image;
 * fetched blobs serve the next try. A reference with a digest gets no name.
 */
export async function pullImages(ref: string, { store, registry }: TransferParts, options: PullOptions): Promise<readonly PulledImage[]> {
  const { onEvent = () => undefined, signal = new AbortController().signal, allTags = false } = options;
  const reference = UsageError.of(() => parseReference(ref));
  const { platforms } = options;
  const wanted = platforms === "all" ? "all" : UsageError.of(() => platforms?.map(parsePlatform));
  if (allTags) requireNoTag(reference, ref);
  const client = await registry();
  const references = allTags ? await tagsOf(reference, client, { onEvent, signal }) : [withDefaultTag(reference)];
  const pulled: PulledImage[] = [];
  for (const one of references) {
    const work = new Pull({ reference: one, wanted, store, client });
    pulled.push(
      await runAsStep({ kind: "export", text: `pulling ${formatReference(one)}` }, onEvent, ({ progress }) =>
        work.run({ signal, progress }),
      ),
    );
  }
  return pulled;
}

/** Throws `images/all-tags` for a reference with a tag or digest. */
export function requireNoTag(reference: Reference, text: string): void {
  if (reference.tag === undefined && reference.digest === undefined) return;
  throw tagBesideAllTags(text, reference);
}

async function tagsOf(
  reference: Reference,
  client: RegistryClient,
  { onEvent, signal }: { readonly onEvent: EventSink; readonly signal: AbortSignal },
): Promise<readonly Reference[]> {
  const repository = `${reference.registry}/${reference.repository}`;
  const tags = await runAsStep({ kind: "internal", text: `list the tags of ${repository}` }, onEvent, ({ progress }) =>
    client.tags(reference, waiting({ signal, progress })),
  );
  if (tags.length === 0) throw noTags(repository);
  // Parsed again: a registry may return any text.
  return tags.map((tag) => parseReference(`${repository}:${tag}`));
}

/** Returns options for requests that report their waits, and end with the reporter's signal. */
function waiting(reporter: Reporter): FetchOptions {
  return { signal: reporter.signal, onWait: waitsOf(reporter) };
}

interface PulledManifest {
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

interface PullParts {
  readonly reference: Reference;
  readonly wanted: readonly Platform[] | "all" | undefined;
  readonly store: Store;
  readonly client: RegistryClient;
}

class Pull {
  readonly #reference: Reference;
  readonly #wanted: readonly Platform[] | "all" | undefined;
  readonly #store: Store;
  readonly #client: RegistryClient;
  readonly #held: { release(): void }[] = [];
  /** Indexes and manifests that were read: an index may name one many times. */
  readonly #seen = new Set<Digest>();
  /** Selected manifests. */
  readonly #chosen = new Set<Digest>();
  #fetched = 0;

  constructor({ reference, wanted, store, client }: PullParts) {
    this.#reference = reference;
    this.#wanted = wanted;
    this.#store = store;
    this.#client = client;
  }

  async run(reporter: Reporter): Promise<PulledImage> {
    try {
      const target = await this.#client.resolve(this.#reference, waiting(reporter)).catch(async (error: unknown) => {
        throw await withSimilarTags(error, this.#reference, this.#client, reporter.signal);
      });
      await this.#documents(target, reporter);
      const manifests = readTree(target, this.#store.blobs, this.#what).manifests.filter(({ descriptor }) =>
        this.#chosen.has(descriptor.digest),
      );
      // An unusable image is refused before its layers are fetched.
      await this.#blobs(
        manifests.map(({ manifest }) => manifest.config),
        reporter,
      );
      const images = this.#images(target, manifests);
      await this.#blobs(
        manifests.flatMap(({ manifest }) => manifest.layers),
        reporter,
      );
      this.#register(images);
      requireComplete(target, this.#store.blobs, this.#what);
      return this.#name(target);
    } catch (error) {
      if (reporter.signal.aborted) throw new CanceledError("The pull was canceled", { cause: error });
      throw error;
    } finally {
      for (const lease of this.#held) lease.release();
    }
  }

  get #what(): string {
    return familiarReference(this.#reference);
  }

  /** Fetches indexes, and the manifests of the selected platforms. */
  async #documents(descriptor: Descriptor, reporter: Reporter, depth = 0): Promise<void> {
    if (depth > 5) throw pulledIndexTooDeep(this.#what);
    if (this.#seen.has(descriptor.digest)) return;
    this.#seen.add(descriptor.digest);
    if (!this.#keep(descriptor.digest)) {
      const { bytes } = await this.#client.manifest(this.#reference, descriptor.digest, waiting(reporter));
      this.#store.blobs.writeSmall(bytes);
      this.#fetched++;
    }
    const parsed = parseManifestOrIndex(this.#store.blobs.readSmall(descriptor.digest), descriptor.mediaType, `manifest of ${this.#what}`);
    if (parsed.kind === "manifest") {
      this.#chosen.add(descriptor.digest);
      return;
    }
    const index = parsed.value;
    const chosen =
      this.#wanted === "all"
        ? index.manifests
        : (this.#wanted ?? [hostPlatform()]).map((platform) => requirePlatform(index, platform, this.#what));
    for (const entry of chosen) await this.#documents(entry, reporter, depth + 1);
  }

  async #blobs(wanted: readonly Descriptor[], reporter: Reporter): Promise<void> {
    const missing = new Map<Digest, Descriptor>();
    for (const blob of wanted) {
      if (!isForeignLayerType(blob.mediaType) && !this.#keep(blob.digest)) missing.set(blob.digest, blob);
    }
    for (const blob of missing.values()) reporter.progress(blob.digest, 0, blob.size, false);
    await inParallel(missing.values(), { limit: PARALLEL, signal: reporter.signal }, async (blob, signal) => {
      const source = (options: FetchOptions) => this.#client.blob(this.#reference, blob, options);
      const here = await ensureBlob(this.#store, blob, source, { reporter: { signal, progress: reporter.progress } });
      if (here) this.#fetched++;
      else this.#keep(blob.digest);
    });
  }

  /**
   * Returns the images among manifests whose configs are here. Throws `image/not-an-image`,
   * `image/no-platform`, `image/invalid`.
   */
  #images(target: Descriptor, manifests: readonly ManifestNode[]): readonly PulledManifest[] {
    const images = manifests.flatMap(({ manifest, image }): readonly PulledManifest[] => {
      if (!image) return [];
      const bytes = this.#store.blobs.readSmall(manifest.config.digest);
      const config = parseImageConfig(bytes, `config ${manifest.config.digest} of ${this.#what}`);
      checkLayerCount(manifest, config, this.#what);
      return [{ manifest, config }];
    });
    const [first] = manifests;
    if (images.length === 0 && first !== undefined && !isAttestation(first.descriptor)) {
      throw notAnImage(this.#what, first.manifest.config.mediaType);
    }
    const [image] = images;
    const asked = this.#wanted === "all" ? undefined : this.#wanted?.[0];
    // A manifest alone does not name its platform: the config is compared when one was requested.
    if (image !== undefined && asked !== undefined && first?.descriptor.digest === target.digest) {
      const platform = platformOf(image.config);
      if (platformRank(asked, platform) === undefined) {
        throw otherPlatform(this.#what, formatPlatform(asked), formatPlatform(platform));
      }
    }
    return images;
  }

  /** Registers the layers, so that builds can use them. */
  #register(images: readonly PulledManifest[]): void {
    const origin = formatReference(this.#reference);
    for (const { manifest, config } of images) {
      manifest.layers.forEach((blob, index) => {
        if (this.#store.blobs.has(blob.digest))
          this.#store.layers.addRemote({ diffId: config.rootfs.diff_ids[index] as Digest, blob, origin });
      });
    }
  }

  #name(target: Descriptor): PulledImage {
    const { images } = this.#store;
    const { registry, repository, tag, digest } = this.#reference;
    const name = digest === undefined ? formatReference(this.#reference) : undefined;
    const before = name === undefined ? undefined : images.get(name);
    const known =
      name === undefined ? images.list().some((entry) => entry.target.digest === target.digest) : before?.target.digest === target.digest;
    const createdAt = known && before ? before.createdAt : Date.now();
    images.set(name, target, createdAt);
    const { view } = readStored({ names: name === undefined ? [] : [name], target, createdAt }, this.#store);
    const shown: Reference = digest === undefined ? this.#reference : { registry, repository, digest };
    return {
      name: formatReference(shown),
      tag: digest === undefined ? tag : undefined,
      digest: target.digest,
      id: view.manifest.config.digest,
      status: known && this.#fetched === 0 ? "up-to-date" : "downloaded",
    };
  }

  /**
   * Keeps a present blob from collection until the name is set. Returns false when it is absent.
   */
  #keep(digest: Digest): boolean {
    const { blobs, leases } = this.#store;
    if (!blobs.has(digest)) return false;
    const lease = leases.hold("blob", [digest]);
    this.#held.push(lease);
    return lease.held.length === 1;
  }
}
