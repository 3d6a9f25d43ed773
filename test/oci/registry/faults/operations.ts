import type { TransferContent } from "../../../../cache/remote/content.js";
import { registrySource, registryTarget } from "../../../../cache/remote/registry.js";
import { sendCache } from "../../../../cache/remote/send.js";
import { type Digest, sha256 } from "../../../../core/digest.js";
import { mediaTypes } from "../../../../oci/media-types.js";
import { parseReference } from "../../../../oci/reference.js";
import type { RegistryClient } from "../../../../oci/registry/client.js";
import { pushImage } from "../../../../oci/registry/push-image.js";
import type { Descriptor } from "../../../../oci/types.js";
import { key } from "../../../cache/support.js";
import type { Content, RequestClass } from "./faulty-registry.js";

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const LAYER = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) % 251));
const CONFIG = json({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [sha256(LAYER)] } });
const describe = (mediaType: string, bytes: Buffer): Descriptor => ({ mediaType, digest: sha256(bytes), size: bytes.length });
const LAYER_DESCRIPTOR = describe(mediaTypes.ociLayer, LAYER);
const CONFIG_DESCRIPTOR = describe(mediaTypes.ociConfig, CONFIG);
const MANIFEST = json({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: CONFIG_DESCRIPTOR, layers: [LAYER_DESCRIPTOR] });
const TARGET = { descriptor: describe(mediaTypes.ociManifest, MANIFEST), bytes: MANIFEST };

const CACHE: TransferContent = {
  results: [
    {
      keys: [key("step")],
      name: "RUN make",
      createdAt: 1_750_000_000_000,
      layers: [{ diffId: sha256("diff"), blob: { ...LAYER_DESCRIPTOR, mediaType: mediaTypes.ociLayerGzip }, createdAt: 1_750_000_000_000 }],
    },
  ],
  mounts: [],
};

const once = async function* (bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
};
const empty = (): Content => ({ blobs: new Map(), manifests: new Map() });

/** Something that people do with a registry. */
export interface Operation {
  readonly name: string;
  /** Requests that it makes. */
  readonly classes: readonly RequestClass[];
  /** Returns the content of the registry before the operation. */
  prepare(): Promise<Content>;
  /** Throws when it fails, or when it says success although it has other bytes. */
  run(client: RegistryClient, host: string, signal: AbortSignal): Promise<void>;
  /** Returns true when the registry has the content that a success promises. */
  done(content: Content): boolean;
}

const FETCHES: readonly RequestClass[] = ["challenge", "token", "manifest-head", "manifest-get", "blob-get"];
const SENDS: readonly RequestClass[] = ["challenge", "token", "blob-head", "upload-post", "upload-patch", "upload-put", "manifest-put"];

const pull: Operation = {
  name: "pull",
  classes: FETCHES,
  prepare: async () => ({
    blobs: new Map([
      [LAYER_DESCRIPTOR.digest, LAYER],
      [CONFIG_DESCRIPTOR.digest, CONFIG],
    ]),
    manifests: new Map(["1", TARGET.descriptor.digest].map((name) => [name, { bytes: MANIFEST, mediaType: mediaTypes.ociManifest }])),
  }),
  async run(client, host, signal) {
    const reference = `${host}/a:1`;
    const target = await client.resolve(reference, { signal });
    const { bytes } = await client.manifest(reference, target.digest, { signal });
    if (!bytes.equals(MANIFEST)) throw new Error("another manifest");
    for (const [descriptor, right] of [
      [CONFIG_DESCRIPTOR, CONFIG],
      [LAYER_DESCRIPTOR, LAYER],
    ] as const) {
      const chunks: Uint8Array[] = [];
      for await (const chunk of client.blob(reference, descriptor, { signal })) chunks.push(Uint8Array.from(chunk));
      if (!Buffer.concat(chunks).equals(right)) throw new Error("other bytes");
    }
  },
  done: () => true,
};

const push: Operation = {
  name: "push",
  classes: SENDS,
  prepare: async () => empty(),
  run: (client, host, signal) =>
    pushImage(
      {
        blobs: [
          { descriptor: LAYER_DESCRIPTOR, kind: "layer", open: () => once(LAYER) },
          { descriptor: CONFIG_DESCRIPTOR, kind: "config", open: () => once(CONFIG) },
        ],
        manifests: [],
        target: TARGET,
      },
      [parseReference(`${host}/a:1`)],
      client,
      { signal, progress: () => undefined },
    ),
  done: ({ blobs, manifests }) => has(blobs, LAYER) && has(blobs, CONFIG) && manifests.get("1")?.bytes.equals(MANIFEST) === true,
};

const has = (blobs: ReadonlyMap<Digest, Buffer>, bytes: Buffer): boolean => blobs.get(sha256(bytes))?.equals(bytes) === true;

const cacheTo: Operation = {
  name: "cache-to",
  classes: SENDS,
  prepare: async () => empty(),
  run: (client, host, signal) =>
    sendCache(
      registryTarget(`${host}/a:1`, { imageManifest: true, oci: true }, async () => client),
      CACHE,
      [{ descriptor: LAYER_DESCRIPTOR, origin: undefined, open: () => once(LAYER) }],
      { signal, progress: () => undefined },
    ),
  done: ({ blobs, manifests }) => has(blobs, LAYER) && blobs.size === 2 && manifests.has("1"),
};

/** Returns the content that {@link cacheTo} writes to a registry without faults. */
export async function cacheContent(
  start: (content: Content) => Promise<{ client: RegistryClient; host: string; stop(): void }>,
): Promise<Content> {
  const content = empty();
  const { client, host, stop } = await start(content);
  await cacheTo.run(client, host, new AbortController().signal);
  stop();
  return content;
}

/** Returns the operations. `content` returns the content of a cache in a registry. */
export function operations(content: () => Promise<Content>): readonly Operation[] {
  const cacheFrom: Operation = {
    name: "cache-from",
    classes: FETCHES,
    async prepare() {
      const { blobs, manifests } = await content();
      return { blobs: new Map(blobs), manifests: new Map(manifests) };
    },
    async run(client, host, signal) {
      const source = registrySource(`${host}/a:1`, async () => client);
      const found = await source.load({ signal });
      if (!found) throw new NoCache();
      if (found.results.length !== 1 || found.results[0]?.name !== "RUN make") throw new Error("another cache");
      const chunks: Uint8Array[] = [];
      for await (const chunk of source.blob(LAYER_DESCRIPTOR, { signal })) chunks.push(Uint8Array.from(chunk));
      if (!Buffer.concat(chunks).equals(LAYER)) throw new Error("other bytes");
    },
    done: () => true,
  };
  return [pull, push, cacheFrom, cacheTo];
}

/** There is no cache under the name, which is no error. */
export class NoCache extends Error {}
