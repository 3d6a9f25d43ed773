import { type Digest, sha256 } from "../../core/digest.js";
import { UsageError } from "../../core/errors.js";
import { waitsOf } from "../../net/limits.js";
import { isAttestation, manifestBlobs, platformOf } from "../../oci/image.js";
import { isIndexType, mediaTypes } from "../../oci/media-types.js";
import { formatPlatform, parsePlatform, platformRank } from "../../oci/platform.js";
import { formatReference, parseReference, type Reference, withDefaultTag } from "../../oci/reference.js";
import type { RegistryClient } from "../../oci/registry/client.js";
import type { PullOptions } from "../../oci/registry/pull.js";
import { type OutgoingBlob, type OutgoingManifest, pushImage } from "../../oci/registry/push-image.js";
import { type Descriptor, descriptorPlatform, type Index, type Manifest } from "../../oci/types.js";
import { parseImageConfig, parseManifestOrIndex } from "../../oci/validate.js";
import { runAsStep } from "../record/build-steps.js";
import { nestedIndex, noSuchPlatforms, sourceWithoutRepository } from "./errors.js";
import { type RemoteOptions, withRegistry } from "./remote-image.js";

/** A manifest or index that goes into an index. */
export interface ImageSource {
  /** Name, `name@digest`, or a digest in the repository of the first tag. */
  readonly ref: string;
  /** Members of its descriptor that win over those that are found. */
  readonly descriptor?: Partial<Pick<Descriptor, "platform" | "annotations">>;
}

export interface CombineOptions extends RemoteOptions {
  readonly sources: readonly ImageSource[];
  /** Names of the result. With none nothing is pushed. */
  readonly tags: readonly string[];
  /** Annotations of the index. */
  readonly annotations?: Readonly<Record<string, string>>;
  /** Annotations of each image's descriptor in the index. */
  readonly descriptorAnnotations?: Readonly<Record<string, string>>;
  /** Platforms that are kept. Default: all. */
  readonly platforms?: readonly string[];
  /** False copies a single source as it is instead of making an index of it. Default: true. */
  readonly preferIndex?: boolean;
  /** True pushes nothing. */
  readonly dryRun?: boolean;
}

export interface CombinedImage {
  readonly descriptor: Descriptor;
  /** Bytes of the index, or of the copied manifest. */
  readonly bytes: Uint8Array;
  /** Entries of the index, each by its own name, for another call. */
  readonly sources: readonly ImageSource[];
}

/** One entry of the index, and the repository that has it. */
interface Part {
  readonly entry: Descriptor;
  readonly origin: Reference;
}

/**
 * Makes an index of images at registries and pushes it under all tags, with what its repository
 * does not have yet. No layer goes through the local store.
 */
export async function combineImages(options: CombineOptions): Promise<CombinedImage> {
  const { tags, dryRun = false, insecure = [], ca = [], signal = new AbortController().signal, onEvent = () => undefined } = options;
  const targets = tags.map((tag) => withDefaultTag(UsageError.of(() => parseReference(tag))));
  return withRegistry({ insecure, ca }, async (client) => {
    const reader = new SourceReader(client, targets[0], options);
    const names = options.sources.map(({ ref }) => ref).join(", ");
    const image = await runAsStep({ kind: "internal", text: `load metadata for ${names}` }, onEvent, (step) =>
      reader.read({ signal, onWait: waitsOf(step) }),
    );
    const combined = { ...image.target, sources: image.parts.map(sourceOf) };
    if (dryRun) return combined;
    for (const target of targets) {
      const name = formatReference(target);
      await runAsStep({ kind: "export", text: `pushing ${name}` }, onEvent, async (step) => {
        const outgoing = await reader.outgoing(image, target, { signal, onWait: waitsOf(step) });
        await pushImage(outgoing, [target], client, { signal, progress: step.progress });
      });
    }
    return combined;
  });
}

function sourceOf({ entry: { digest, platform, annotations }, origin: { registry, repository } }: Part): ImageSource {
  const descriptor = { ...(platform ? { platform } : {}), ...(annotations ? { annotations } : {}) };
  return { ref: formatReference({ registry, repository, digest }), descriptor };
}

interface Combination {
  readonly parts: readonly Part[];
  readonly target: OutgoingManifest;
}

class SourceReader {
  readonly #client: RegistryClient;
  readonly #into: Reference | undefined;
  readonly #options: CombineOptions;

  constructor(client: RegistryClient, into: Reference | undefined, options: CombineOptions) {
    this.#client = client;
    this.#into = into;
    this.#options = options;
  }

  async read(waiting: PullOptions): Promise<Combination> {
    const { sources, preferIndex = true } = this.#options;
    const [first] = sources;
    const alone = sources.length === 1 && first !== undefined && this.#unchanged(first);
    if (alone && first !== undefined) {
      const origin = this.#reference(first.ref);
      const fetched = await this.#client.manifest(origin, undefined, waiting);
      const parsed = parseManifestOrIndex(fetched.bytes, fetched.descriptor.mediaType, first.ref);
      if (parsed.kind === "index") return { parts: parsed.value.manifests.map((entry) => ({ entry, origin })), target: fetched };
      if (!preferIndex) return { parts: [{ entry: fetched.descriptor, origin }], target: fetched };
    }
    const parts: Part[] = [];
    for (const source of sources) {
      for (const part of await this.#partsOf(source, waiting)) {
        if (!parts.some(({ entry }) => entry.digest === part.entry.digest)) parts.push(part);
      }
    }
    const kept = this.#ofPlatforms(parts);
    return { parts: kept, target: this.#index(kept.map(({ entry }) => entry)) };
  }

  /** Returns true when nothing is asked that changes the document of a single source. */
  #unchanged({ descriptor }: ImageSource): boolean {
    const { annotations = {}, descriptorAnnotations = {}, platforms = [] } = this.#options;
    return descriptor === undefined && platforms.length === 0 && Object.keys({ ...annotations, ...descriptorAnnotations }).length === 0;
  }

  #reference(ref: string): Reference {
    if (!/^sha256:[0-9a-f]{64}$/.test(ref)) return withDefaultTag(UsageError.of(() => parseReference(ref)));
    if (this.#into === undefined) throw sourceWithoutRepository(ref);
    const { registry, repository } = this.#into;
    return { registry, repository, digest: ref as Digest };
  }

  async #partsOf({ ref, descriptor: given = {} }: ImageSource, waiting: PullOptions): Promise<readonly Part[]> {
    const origin = this.#reference(ref);
    const { descriptor, bytes } = await this.#client.manifest(origin, undefined, waiting);
    const parsed = parseManifestOrIndex(bytes, descriptor.mediaType, `manifest of ${ref}`);
    if (parsed.kind === "index") return parsed.value.manifests.map((entry) => ({ entry: this.#annotated(entry), origin }));
    const platform = given.platform ?? (await this.#platformOf(parsed.value, origin, waiting));
    const { mediaType, digest, size } = descriptor;
    const entry = {
      mediaType,
      digest,
      size,
      ...(given.annotations ? { annotations: given.annotations } : {}),
      ...(platform ? { platform } : {}),
    };
    return [{ entry: this.#annotated(entry), origin }];
  }

  #annotated(entry: Descriptor): Descriptor {
    const more = this.#options.descriptorAnnotations ?? {};
    if (Object.keys(more).length === 0 || isAttestation(entry)) return entry;
    const { platform, ...rest } = entry;
    return { ...rest, annotations: { ...entry.annotations, ...more }, ...(platform ? { platform } : {}) };
  }

  async #platformOf({ config }: Manifest, origin: Reference, waiting: PullOptions): Promise<Descriptor["platform"]> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#client.blob(origin, config, waiting)) chunks.push(chunk);
    return descriptorPlatform(platformOf(parseImageConfig(Buffer.concat(chunks), `config of ${formatReference(origin)}`)));
  }

  /** Returns the parts for the platforms that are asked for, with the attestations about them. */
  #ofPlatforms(parts: readonly Part[]): readonly Part[] {
    const { platforms = [] } = this.#options;
    if (platforms.length === 0) return parts;
    const wanted = platforms.map((platform) => UsageError.of(() => parsePlatform(platform)));
    const kept = parts.filter(
      ({ entry: { platform } }) => platform && wanted.some((one) => platformRank(one, platformOf(platform)) !== undefined),
    );
    if (kept.length === 0) {
      throw noSuchPlatforms(
        platforms,
        parts.flatMap(({ entry }) => (entry.platform && !isAttestation(entry) ? [formatPlatform(platformOf(entry.platform))] : [])),
      );
    }
    const digests = new Set<string>(kept.map(({ entry }) => entry.digest));
    const about = parts.filter(
      ({ entry }) => isAttestation(entry) && digests.has(entry.annotations?.["vnd.docker.reference.digest"] ?? ""),
    );
    return [...kept, ...about];
  }

  #index(manifests: readonly Descriptor[]): OutgoingManifest {
    const { annotations = {} } = this.#options;
    const plain = Object.keys(annotations).length === 0 && manifests.every((entry) => entry.annotations === undefined);
    const docker = plain && manifests.every(({ mediaType }) => mediaType === mediaTypes.dockerManifest);
    const mediaType = docker ? mediaTypes.dockerList : mediaTypes.ociIndex;
    const index: Index = { schemaVersion: 2, mediaType, manifests, ...(Object.keys(annotations).length === 0 ? {} : { annotations }) };
    // In the form of docker's own, so that both make the same index.
    const bytes = Buffer.from(JSON.stringify(index, undefined, 2));
    return { descriptor: { mediaType, digest: sha256(bytes), size: bytes.length }, bytes };
  }

  /** Returns what `target`'s repository needs beside the index. */
  async outgoing({ parts, target }: Combination, { registry, repository }: Reference, waiting: PullOptions) {
    const manifests: OutgoingManifest[] = [];
    const blobs = new Map<Digest, OutgoingBlob>();
    for (const { entry, origin } of parts) {
      if (isIndexType(entry.mediaType)) throw nestedIndex(formatReference(origin));
      if (origin.registry === registry && origin.repository === repository) continue;
      const fetched = await this.#client.manifest(origin, entry.digest, waiting);
      const parsed = parseManifestOrIndex(fetched.bytes, fetched.descriptor.mediaType, `manifest ${entry.digest}`);
      if (parsed.kind === "index") throw nestedIndex(formatReference(origin));
      for (const blob of manifestBlobs(parsed.value)) {
        const open = (signal: AbortSignal) => this.#client.blob(origin, blob, { ...waiting, signal });
        blobs.set(blob.digest, { descriptor: blob, kind: "blob", origin, open });
      }
      if (entry.digest !== target.descriptor.digest) manifests.push(fetched);
    }
    return { blobs: [...blobs.values()], manifests, target };
  }
}
