import type { Writable } from "node:stream";
import { withExportSink } from "./export-sink.js";
import { archiveSize, writeLayoutArchive } from "../oci/layout/write.js";
import { assembleWithProgress } from "./assemble-with-progress.js";
import type { ExportContext, ExportRequest, ExportResult, MediaTypeFamily } from "./exporter.js";
import { imageResult, layoutContent } from "./layout-content.js";

/**
 * Writes an image as a tar to a file or stream: the common part of the oci and docker exporters.
 */
export async function exportArchive(
  dest: string | Writable,
  format: { readonly family: MediaTypeFamily; readonly docker: boolean },
  request: ExportRequest,
  context: ExportContext,
): Promise<ExportResult> {
  const image = assembleWithProgress(request, format.family, context);
  const content = layoutContent(image, request, context, { docker: format.docker });
  const total = archiveSize(content);
  await withExportSink(dest, context, (sink) =>
    writeLayoutArchive(content, sink, {
      signal: context.signal,
      onProgress: (bytes) => context.progress("sending tarball", Math.min(bytes, total), total, false),
    }),
  );
  context.progress("sending tarball", total, total, true);
  return imageResult(image, request);
}
