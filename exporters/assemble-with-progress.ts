import { type AssembledImage, assembleImage, entriesOf } from "./assemble-image.js";
import type { ExportContext, ExportRequest, MediaTypeFamily } from "./exporter.js";
import { requireLayers } from "./require-layers.js";

/** Assembles an image and reports progress in the words of BuildKit's log. */
export function assembleWithProgress(request: ExportRequest, family: MediaTypeFamily, context: ExportContext): AssembledImage {
  requireLayers(request, context);
  const image = assembleImage(request.images, request.mediaTypes ?? family, request.annotations, request.names);
  const done = (item: string): void => context.progress(item, 0, undefined, true);
  done("exporting layers");
  for (const manifest of image.manifests) done(`exporting manifest ${manifest.digest}`);
  for (const config of image.configs) done(`exporting config ${config.digest}`);
  for (const { manifest } of image.attested) done(`exporting attestation manifest ${manifest.digest}`);
  if (entriesOf(image).length > 0) done(`exporting manifest list ${image.target.digest}`);
  return image;
}
