import { BASE_IMAGES } from "../../cache/contract/memo.js";
import { baseNotLocal } from "./errors.js";
import type { Store } from "../../cache/store.js";
import { systemErrorCode, TsbuildError } from "../../core/errors.js";
import { SingleFlight } from "../../core/tasks/single-flight.js";
import type { ResolvedImage } from "../../frontend/frontend.js";
import type { SourceOp } from "../../llb/ops.js";
import { imageSource, readImage as readImageSource } from "../../llb/sources/image.js";
import { type ImageView, readImage, requirePlatform } from "../../oci/image.js";
import { formatPlatform, type Platform } from "../../oci/platform.js";
import { formatReference, parseReference, type Reference, withDefaultTag } from "../../oci/reference.js";
import type { OnWait } from "../../net/limits.js";
import type { RegistryClient } from "../../oci/registry/client.js";
import type { PullOptions } from "../../oci/registry/pull.js";
import type { Descriptor } from "../../oci/types.js";
import { parseManifestOrIndex } from "../../oci/validate.js";
import type { SourceImage } from "../../solver/ports.js";

/**
 * Result for a reference. `origin` is the source of its blobs; undefined when the store has them
 * all.
 */
interface Found {
  readonly name: string;
  readonly target: Descriptor;
  readonly origin: Reference | undefined;
}

export interface ImageResolverOptions {
  readonly store: Store;
  readonly registry: () => Promise<RegistryClient>;
  /** True asks the registry even for names in the local store; `never` never asks. */
  readonly pull: boolean | "never";
  readonly signal: AbortSignal;
  /** Called when a registry could not be reached and an earlier answer is used instead. */
  readonly onStale: (message: string) => void;
}

interface ResolveOptions {
  readonly platform: Platform;
  readonly layout?: boolean;
  readonly onWait?: OnWait;
}

/**
 * Finds base images: in the local store by name, else at the registry. Fetches only manifests and
 * configs; layers follow when something needs them. A reference is asked for once per build, so
 * that all uses of the reference agree.
 */
export class ImageResolver {
  readonly #options: ImageResolverOptions;
  readonly #flights = new SingleFlight();
  readonly #found = new Map<string, Found>();
  readonly #sources = new Map<string, SourceImage>();

  constructor(options: ImageResolverOptions) {
    this.#options = options;
  }

  async resolve(text: string, options: ResolveOptions): Promise<ResolvedImage> {
    const { signal } = this.#options;
    const pull: PullOptions = { signal, onWait: options.onWait };
    const found = await this.#find(text, options.layout ?? false, pull);
    const view = await this.#view(found, options.platform, pull);
    const op = imageSource({ layout: options.layout ?? false, ref: found.name, digest: found.target.digest });
    this.#sources.set(sourceKey(op.identifier, formatPlatform(options.platform)), {
      origin: found.origin && formatReference(found.origin),
      documents: [found.target, view.descriptor, view.manifest.config],
      layers: view.manifest.layers.map((blob, index) => ({ blob, diffId: view.config.rootfs.diff_ids[index] as Descriptor["digest"] })),
    });
    return { ref: found.name, op, digest: found.target.digest, config: view.config, platform: view.platform };
  }

  /** Returns the layers of an image from {@link resolve}, or of one in a graph made by hand. */
  async source(op: SourceOp, platform: string | undefined, fallback: Platform): Promise<SourceImage> {
    const { identifier } = op;
    const key = sourceKey(identifier, platform ?? formatPlatform(fallback));
    const known = this.#sources.get(key);
    if (known) return known;
    const image = readImageSource(op);
    if (!image) throw new Error(`internal: ${identifier} is no image`);
    await this.resolve(image.ref, { platform: fallback, layout: image.layout });
    const source = [...this.#sources].find(([other]) => other === key || other.startsWith(identifier))?.[1];
    if (!source) throw new Error(`internal: ${identifier} was resolved to something else`);
    return source;
  }

  /** Returns the images that were resolved. */
  get resolved(): Iterable<SourceImage> {
    return this.#sources.values();
  }

  /** Resolves a reference to a name that can be shown and pinned. */
  #find(text: string, layout: boolean, pull: PullOptions): Promise<Found> {
    const key = `${layout} ${text}`;
    return this.#flights.do(key, async () => {
      const known = this.#found.get(key);
      if (known) return known;
      const found = layout ? await this.#findInLayout(text) : await this.#findByName(withDefaultTag(parseReference(text)), pull);
      this.#found.set(key, found);
      return found;
    });
  }

  async #findInLayout(text: string): Promise<Found> {
    const { importLayout } = await import("../../oci/layout/import.js");
    const { target, name } = await importLayout(text, this.#options.store.blobs, { signal: this.#options.signal });
    return { name, target, origin: undefined };
  }

  async #findByName(reference: Reference, pull: PullOptions): Promise<Found> {
    const name = formatReference(reference);
    const { store, pull: when } = this.#options;
    if (when !== true || reference.digest !== undefined) {
      const local =
        reference.digest === undefined
          ? store.images.get(name)
          : store.images.find(reference.digest.slice("sha256:".length)).find((entry) => entry.target.digest === reference.digest);
      if (local) return { name, target: local.target, origin: undefined };
    }
    if (when === "never") {
      throw baseNotLocal(name, reference);
    }
    return { name, target: await this.#ask(reference, name, pull), origin: reference };
  }

  /** Asks the registry. When it cannot be reached, its last answer counts. */
  async #ask(reference: Reference, name: string, pull: PullOptions): Promise<Descriptor> {
    const { store, signal } = this.#options;
    const before = store.memo.get(BASE_IMAGES, name);
    const known = before && (JSON.parse(before.toString("utf8")) as Descriptor);
    // A digest always means the same.
    if (known && reference.digest !== undefined && store.blobs.has(known.digest)) return known;
    try {
      const target = await (await this.#options.registry()).resolve(reference, pull);
      if (target.digest !== known?.digest) store.memo.set(BASE_IMAGES, name, JSON.stringify(target));
      return target;
    } catch (error) {
      if (!known || signal.aborted || !isUnreachable(error)) throw await this.#explained(error, reference);
      this.#options.onStale(`The registry of ${name} cannot be reached; using ${known.digest}, which it was before`);
      return known;
    }
  }

  /** Returns the error of a tag that is not there with tags that are. */
  async #explained(error: unknown, reference: Reference): Promise<unknown> {
    if (!(error instanceof TsbuildError) || error.code !== "registry/not-found") return error;
    const { withSimilarTags } = await import("./similar-tags.js");
    return withSimilarTags(error, reference, await this.#options.registry(), this.#options.signal);
  }

  /** Fetches the manifest and the config for a platform into the store. */
  async #view(found: Found, platform: Platform, pull: PullOptions): Promise<ImageView> {
    try {
      return await this.#readView(found, platform, pull);
    } catch (error) {
      // Collection in another process may remove unreferenced blobs between our check and our read;
      // blobs that are fetched again are ours.
      if (!(error instanceof TsbuildError) || error.code !== "store/blob-missing" || !found.origin) throw error;
      return await this.#readView(found, platform, pull);
    }
  }

  async #readView(found: Found, platform: Platform, pull: PullOptions): Promise<ImageView> {
    await this.#flights.do(`view ${found.target.digest} ${formatPlatform(platform)}`, async () => {
      const manifest = await this.#manifest(found, found.target, pull);
      const parsed = parseManifestOrIndex(manifest, found.target.mediaType, `manifest of ${found.name}`);
      const chosen = parsed.kind === "index" ? requirePlatform(parsed.value, platform, found.name) : found.target;
      const image =
        parsed.kind === "index"
          ? parseManifestOrIndex(await this.#manifest(found, chosen, pull), chosen.mediaType, `manifest of ${found.name}`)
          : parsed;
      if (image.kind === "manifest") await this.#small(found, image.value.config, pull);
    });
    return readImage(found.target, platform, this.#options.store.blobs, found.name);
  }

  async #manifest(found: Found, descriptor: Descriptor, pull: PullOptions): Promise<Buffer> {
    const { store, registry } = this.#options;
    if (!store.blobs.has(descriptor.digest) && found.origin) {
      store.blobs.writeSmall((await (await registry()).manifest(found.origin, descriptor.digest, pull)).bytes);
    }
    return store.blobs.readSmall(descriptor.digest);
  }

  async #small(found: Found, descriptor: Descriptor, pull: PullOptions): Promise<void> {
    const { store, registry, signal } = this.#options;
    if (store.blobs.has(descriptor.digest) || !found.origin) return;
    await store.blobs.ingest((await registry()).blob(found.origin, descriptor, pull), descriptor, { signal });
  }
}

function sourceKey(identifier: string, platform: string): string {
  return `${identifier} ${platform}`;
}

/** Returns true when an error means that no server answered, as opposed to a refusal. */
function isUnreachable(error: unknown): boolean {
  if (error instanceof TsbuildError)
    return error.code === "registry/unreachable" || (error.cause !== undefined && isUnreachable(error.cause));
  return ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"].includes(systemErrorCode(error) ?? "");
}
