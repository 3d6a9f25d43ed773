import type { Digest } from "../core/digest.js";
import { CREATED, namedEntry, repoTag, taggedEntry } from "../oci/layout/names.js";
import type { DockerManifestEntry, LayoutBlob, LayoutContent } from "../oci/layout/write.js";
import type { Descriptor, Manifest } from "../oci/types.js";
import { type AssembledImage, createdAt, entriesOf } from "./assemble-image.js";
import type { ExportContext, ExportRequest, ExportResult } from "./exporter.js";

/**
 * Returns an assembled image as the content of a layout: one entry for each name, or one without a
 * name, which has `tag` alone if present. `docker` adds docker's manifest.json.
 */
export function layoutContent(
  image: AssembledImage,
  request: ExportRequest,
  context: ExportContext,
  { docker = false, tag }: { readonly docker?: boolean; readonly tag?: string },
): LayoutContent {
  const target = dated(image.target, request);
  const documents = [...image.documents].map(([digest, content]): LayoutBlob => ({ digest, size: content.length, content }));
  const layers = image.layers.map(({ digest, size }): LayoutBlob => ({ digest, size, content: () => context.blobs.open(digest) }));
  return {
    entries:
      request.names.length === 0
        ? [tag === undefined ? target : taggedEntry(target, tag)]
        : request.names.map((name) => namedEntry(target, name)),
    blobs: [...documents, ...layers],
    ...(docker ? { docker: dockerEntries(image, request.names) } : {}),
  };
}

/**
 * Returns the result of an exporter that wrote an image, with the metadata keys that buildx writes.
 */
export function imageResult(image: AssembledImage, request: ExportRequest): ExportResult {
  const descriptor = dated(image.target, request);
  return {
    descriptor,
    metadata: {
      ...(entriesOf(image).length === 0 ? { "containerimage.config.digest": image.configs[0].digest } : {}),
      "containerimage.descriptor": descriptor,
      "containerimage.digest": image.target.digest,
      ...nameOf(image, request),
    },
  };
}

function nameOf(image: AssembledImage, { names, danglingPrefix }: ExportRequest): { readonly "image.name"?: string } {
  if (names.length > 0) return { "image.name": names.join(",") };
  return danglingPrefix === undefined ? {} : { "image.name": `${danglingPrefix}@${image.target.digest}` };
}

function dated(target: Descriptor, request: ExportRequest): Descriptor {
  const created = createdAt(request.images, request.epoch);
  return created === undefined ? target : { ...target, annotations: { [CREATED]: created, ...target.annotations } };
}

function dockerEntries(image: AssembledImage, names: readonly string[]): readonly DockerManifestEntry[] {
  const manifest = JSON.parse((image.documents.get(image.manifests[0].digest) as Buffer).toString("utf8")) as Manifest;
  return [{ config: manifest.config.digest, repoTags: names.map(repoTag), layers: manifest.layers.map((layer): Digest => layer.digest) }];
}
