import type { Digest } from "../core/digest.js";
import { parseReference } from "../oci/reference.js";
import type { RegistryClient } from "../oci/registry/client.js";
import { type OutgoingBlob, type OutgoingManifest, pushImage } from "../oci/registry/push-image.js";
import type { Descriptor } from "../oci/types.js";
import { type AssembledImage, entriesOf } from "./assemble-image.js";
import { assembleWithProgress } from "./assemble-with-progress.js";
import { noName } from "./errors.js";
import type { ExportContext, Exporter, ExportLayer } from "./exporter.js";
import { imageResult } from "./layout-content.js";

/**
 * Returns the exporter of `type=registry` and `--push`: to the registries in the names. A blob that
 * the registry has in another repository, because a base was pulled from there, is mounted instead
 * of uploaded, and need not be in the store. An image whose name has no tag is found by its digest
 * only.
 */
export function registryPush(options: { readonly client: RegistryClient }): Exporter {
  return {
    name: "exporting to image",
    async export(request, context) {
      const names = request.names.length === 0 && request.danglingPrefix !== undefined ? [request.danglingPrefix] : request.names;
      if (names.length === 0) throw noName();
      const image = assembleWithProgress(request, "oci", context);
      const layers = request.images.flatMap((one) => one.layers);
      const manifest = (descriptor: Descriptor): OutgoingManifest => ({ descriptor, bytes: documentOf(image, descriptor.digest) });
      await pushImage(
        {
          blobs: outgoingBlobs(image, layers, context),
          manifests: entriesOf(image).map(manifest),
          target: manifest(image.target),
        },
        names.map(parseReference),
        options.client,
        context,
      );
      return imageResult(image, request);
    },
  };
}

function outgoingBlobs(image: AssembledImage, layers: readonly ExportLayer[], context: ExportContext): readonly OutgoingBlob[] {
  const known = new Map(layers.map((layer) => [layer.blob.digest, layer]));
  const outgoing = image.layers.map((descriptor): OutgoingBlob => {
    const layer = known.get(descriptor.digest);
    return {
      descriptor,
      kind: "layer",
      open: (signal) => openLayer(descriptor.digest, layer?.bring, context.blobs, signal),
      origin: layer?.origin === undefined ? undefined : parseReference(layer.origin),
    };
  });
  const document = (descriptor: Descriptor, kind: OutgoingBlob["kind"]): OutgoingBlob => ({
    descriptor,
    kind,
    open: () => oneChunk(documentOf(image, descriptor.digest)),
  });
  for (const descriptor of image.configs) outgoing.push(document(descriptor, "config"));
  for (const { config, statements } of image.attested) {
    outgoing.push(document(config, "config"), ...statements.map((statement) => document(statement, "blob")));
  }
  return outgoing;
}

function documentOf(image: AssembledImage, digest: Digest): Buffer {
  const bytes = image.documents.get(digest);
  if (bytes === undefined) throw new Error(`internal: ${digest} is none of the image's documents`);
  return bytes;
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
