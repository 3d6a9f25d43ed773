import type { Digest } from "../core/digest.js";
import { TsbuildError } from "../core/errors.js";
import { formatReference, parseReference, type Reference } from "../oci/reference.js";
import type { RegistryClient } from "../oci/registry/client.js";
import type { Descriptor } from "../oci/types.js";
import type { AssembledImage } from "./assemble-image.js";
import { assembleWithProgress } from "./assemble-with-progress.js";
import type { ExportContext, Exporter, ExportLayer } from "./exporter.js";
import { imageResult } from "./layout-content.js";

/** Blobs sent at once, as docker does. */
const PARALLEL = 5;

/**
 * `type=registry` and `--push`: to the registries that the names say. Blobs first, then manifests, the tag last: a reader never finds half an image. What the
 * registry has in another repository, because a base was pulled from there, is mounted instead of uploaded, and need not be in the store.
 */
export function registryPush(options: { readonly client: RegistryClient }): Exporter {
  return {
    name: "exporting to image",
    async export(request, context) {
      if (request.names.length === 0) {
        throw new TsbuildError("export/no-name", "Cannot push the image: it has no name", { hint: "Name it with -t REGISTRY/NAME:TAG" });
      }
      const image = assembleWithProgress(request, "oci", context);
      const references = request.names.map(parseReference);
      const layers = request.images.flatMap((one) => one.layers);
      const origins = originsOf(layers);
      const pushed = new Map<string, Reference>();
      for (const reference of references) {
        const key = `${reference.registry}/${reference.repository}`;
        // A further tag in the same repository needs only its manifest; another repository of the registry can take blobs over from the first.
        if (!pushed.has(key)) await pushBlobs({ image, layers, reference, client: options.client }, [...pushed.values()], origins, context);
        await pushManifests(image, reference, options.client, context);
        pushed.set(key, reference);
      }
      return imageResult(image, request);
    },
  };
}

function originsOf(layers: readonly ExportLayer[]): ReadonlyMap<Digest, Reference> {
  return new Map(layers.flatMap(({ blob, origin }) => (origin === undefined ? [] : [[blob.digest, parseReference(origin)] as const])));
}

async function pushBlobs(
  {
    image,
    layers,
    reference,
    client,
  }: {
    readonly image: AssembledImage;
    readonly layers: readonly ExportLayer[];
    readonly reference: Reference;
    readonly client: RegistryClient;
  },
  done: readonly Reference[],
  origins: ReadonlyMap<Digest, Reference>,
  context: ExportContext,
): Promise<void> {
  const bringers = new Map(layers.flatMap(({ blob, bring }) => (bring ? [[blob.digest, bring] as const] : [])));
  const queue = [...image.layers, ...image.configs];
  const stop = new AbortController();
  const signal = AbortSignal.any([context.signal, stop.signal]);
  const worker = async (): Promise<void> => {
    for (let blob = queue.shift(); blob !== undefined; blob = queue.shift()) await pushOne(blob, signal);
  };
  const pushOne = async (blob: Descriptor, signalOfAll: AbortSignal): Promise<void> => {
    const document = image.documents.get(blob.digest);
    const item = `pushing ${document === undefined ? "layer" : "config"} ${blob.digest}`;
    const origin = origins.get(blob.digest);
    const from = [...done, ...(origin === undefined ? [] : [origin])].find((other) => other.registry === reference.registry);
    context.progress(item, 0, blob.size, false);
    await client.putBlob(reference, blob, {
      open: () =>
        document === undefined ? openLayer(blob.digest, bringers.get(blob.digest), context.blobs, signalOfAll) : oneChunk(document),
      mountFrom: from?.repository,
      signal: signalOfAll,
      onProgress: (bytes) => context.progress(item, bytes, blob.size, false),
    });
    context.progress(item, blob.size, blob.size, true);
  };
  const results = await Promise.allSettled(
    Array.from({ length: PARALLEL }, () =>
      worker().catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    ),
  );
  // The first failure is the reason; the others only stopped because of it.
  if (stop.signal.aborted) throw stop.signal.reason;
  for (const result of results) if (result.status === "rejected") throw result.reason;
}

async function pushManifests(image: AssembledImage, reference: Reference, client: RegistryClient, context: ExportContext): Promise<void> {
  const put = async (target: Reference, descriptor: Descriptor): Promise<void> => {
    const item = `pushing manifest for ${formatReference({ ...target, digest: descriptor.digest })}`;
    context.progress(item, 0, undefined, false);
    await client.putManifest(target, image.documents.get(descriptor.digest) as Buffer, descriptor.mediaType, { signal: context.signal });
    context.progress(item, descriptor.size, descriptor.size, true);
  };
  const byDigest: Reference = { registry: reference.registry, repository: reference.repository };
  if (image.manifests.length > 1) for (const manifest of image.manifests) await put(byDigest, manifest);
  await put(reference, image.target);
}

async function* openLayer(
  digest: Digest,
  bring: ExportLayer["bring"],
  blobs: ExportContext["blobs"],
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (bring && !blobs.has(digest)) await bring(signal);
  yield* blobs.open(digest);
}

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
