import type { Writable } from "node:stream";
import { withSink } from "../oci/layout/byte-sink.js";
import { archiveSize, writeLayoutArchive } from "../oci/layout/write.js";
import { type AssembledImage, assembleImage, type MediaTypeFamily } from "./assemble-image.js";
import type { ExportContext, ExportRequest, ExportResult } from "./exporter.js";
import { requireLayers } from "./require-layers.js";
import { imageResult, layoutContent } from "./layout-content.js";

/** Writes an image as a tar to a file or stream: what the oci and docker exporters have in common. */
export async function exportArchive(
  dest: string | Writable,
  format: { readonly family: MediaTypeFamily; readonly docker: boolean },
  request: ExportRequest,
  context: ExportContext,
): Promise<ExportResult> {
  const image = assembleWithProgress(request, format.family, context);
  const content = layoutContent(image, request, context, format.docker);
  const total = archiveSize(content);
  await withSink(dest, { signal: context.signal }, (sink) =>
    writeLayoutArchive(content, sink, {
      signal: context.signal,
      onProgress: (bytes) => context.progress("sending tarball", Math.min(bytes, total), total, false),
    }),
  );
  context.progress("sending tarball", total, total, true);
  return imageResult(image, request);
}

/** Assembles and says so in the words of BuildKit's log. */
export function assembleWithProgress(request: ExportRequest, family: MediaTypeFamily, context: ExportContext): AssembledImage {
  requireLayers(request, context);
  const image = assembleImage(request.images, family, request.annotations);
  const done = (item: string): void => context.progress(item, 0, undefined, true);
  done("exporting layers");
  for (const manifest of image.manifests) done(`exporting manifest ${manifest.digest}`);
  for (const config of image.configs) done(`exporting config ${config.digest}`);
  if (image.manifests.length > 1) done(`exporting manifest list ${image.target.digest}`);
  return image;
}
