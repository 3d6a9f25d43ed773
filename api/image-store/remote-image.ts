import type { Digest } from "../../core/digest.js";
import { UsageError } from "../../core/errors.js";
import type { EventSink } from "../../core/events.js";
import { waitsOf } from "../../net/limits.js";
import { isAttestation, platformOf } from "../../oci/image.js";
import { formatPlatform } from "../../oci/platform.js";
import { formatReference, parseReference, type Reference, withDefaultTag } from "../../oci/reference.js";
import { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "../../oci/registry/client.js";
import type { Descriptor, Index, Manifest } from "../../oci/types.js";
import { MAX_METADATA_SIZE, parseJson, parseManifestOrIndex } from "../../oci/validate.js";
import { readAuthorities } from "../options/authorities.js";
import { runAsStep } from "../record/build-steps.js";
import { documentTooLarge } from "./errors.js";

/** Options of what is done at registries alone. */
export interface RemoteOptions {
  readonly signal?: AbortSignal;
  /** Hosts that may speak plain HTTP or show any certificate. Loopback hosts always may. */
  readonly insecure?: readonly string[];
  readonly onEvent?: EventSink;
  /** Certificates of authorities to trust, as the `ca` of a build. */
  readonly ca?: readonly string[];
}

/** An image as its registry has it. */
export interface RemoteImage {
  /** Canonical name. */
  readonly name: string;
  readonly descriptor: Descriptor;
  /** Bytes of the manifest or index. */
  readonly bytes: Buffer;
  readonly document: Manifest | Index;
  /** Configs by platform; those of one manifest under its own platform. */
  images(): Promise<Readonly<Record<string, unknown>>>;
  /** Predicates of attestations about a platform, by their types. */
  attestations(): Promise<Readonly<Record<string, Readonly<Record<string, unknown>>>>>;
}

/** Runs `work` with a client of registries, which is closed afterwards. */
export async function withRegistry<T>(
  { ca = [], ...options }: RegistryClientOptions & Pick<RemoteOptions, "ca">,
  work: (client: RegistryClient) => Promise<T>,
): Promise<T> {
  const client = createRegistryClient({ ...options, authorities: UsageError.of(() => readAuthorities(ca)) });
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** Reads the manifest or index of an image at its registry, and shows it to `use`. */
export async function inspectRemote<T>(ref: string, options: RemoteOptions, use: (image: RemoteImage) => Promise<T>): Promise<T> {
  const reference = withDefaultTag(UsageError.of(() => parseReference(ref)));
  const name = formatReference(reference);
  const { insecure = [], ca = [], onEvent = () => undefined } = options;
  return runAsStep({ kind: "internal", text: `load metadata for ${name}` }, onEvent, (step) =>
    withRegistry({ insecure, ca, onWait: waitsOf(step) }, async (client) => {
      const { descriptor, bytes } = await client.manifest(reference, undefined, options);
      const parsed = parseManifestOrIndex(bytes, descriptor.mediaType, `manifest of ${name}`);
      const reader = new RemoteReader(client, reference, options);
      const nodes = parsed.kind === "manifest" ? [{ descriptor, manifest: parsed.value }] : undefined;
      return use({
        name,
        descriptor,
        bytes,
        document: parsed.value,
        images: () => reader.images(nodes ?? (parsed.value as Index).manifests),
        attestations: () => reader.attestations(parsed.kind === "index" ? parsed.value.manifests : []),
      });
    }),
  );
}

type Node = Descriptor | { readonly descriptor: Descriptor; readonly manifest: Manifest };

class RemoteReader {
  readonly #client: RegistryClient;
  readonly #reference: Reference;
  readonly #options: RemoteOptions;

  constructor(client: RegistryClient, reference: Reference, options: RemoteOptions) {
    this.#client = client;
    this.#reference = reference;
    this.#options = options;
  }

  async images(nodes: readonly Node[]): Promise<Readonly<Record<string, unknown>>> {
    const found: Record<string, unknown> = {};
    for (const node of nodes) {
      if ("digest" in node && isAttestation(node)) continue;
      const manifest = "manifest" in node ? node.manifest : await this.#manifest(node.digest);
      if (manifest === undefined) continue;
      const config = (await this.#json(manifest.config)) as Record<string, unknown>;
      const { os, architecture } = config;
      if (typeof os !== "string" || typeof architecture !== "string") continue;
      const platform = platformOf({ os, architecture, ...(typeof config["variant"] === "string" ? { variant: config["variant"] } : {}) });
      found[formatPlatform(platform)] = config;
    }
    return found;
  }

  async attestations(entries: readonly Descriptor[]): Promise<Readonly<Record<string, Readonly<Record<string, unknown>>>>> {
    const found: Record<string, Record<string, unknown>> = {};
    for (const entry of entries) {
      if (!isAttestation(entry)) continue;
      const about = entries.find(({ digest }) => digest === entry.annotations?.["vnd.docker.reference.digest"]);
      const manifest = about?.platform && (await this.#manifest(entry.digest));
      if (!manifest || !about.platform) continue;
      const predicates = (found[formatPlatform(platformOf(about.platform))] ??= {});
      for (const layer of manifest.layers) {
        const type = layer.annotations?.["in-toto.io/predicate-type"];
        if (type !== undefined) predicates[type] = ((await this.#json(layer)) as { readonly predicate?: unknown }).predicate;
      }
    }
    return found;
  }

  async #manifest(digest: Digest): Promise<Manifest | undefined> {
    const { descriptor, bytes } = await this.#client.manifest(this.#reference, digest, this.#options);
    const parsed = parseManifestOrIndex(bytes, descriptor.mediaType, `manifest ${digest}`);
    return parsed.kind === "manifest" ? parsed.value : undefined;
  }

  /** Reads a small document. A registry may say any size. */
  async #json(descriptor: Descriptor): Promise<unknown> {
    const what = `${descriptor.digest} of ${formatReference(this.#reference)}`;
    if (descriptor.size > LARGEST) throw documentTooLarge(what, LARGEST);
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.#client.blob(this.#reference, descriptor, this.#options)) chunks.push(chunk);
    return parseJson(Buffer.concat(chunks), what);
  }
}

/** Bytes of a config or an attestation that are read at most. */
const LARGEST = 16 * MAX_METADATA_SIZE;
