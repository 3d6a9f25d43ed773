import { layerNotStored } from "./errors.js";
import type { ExportContext, ExportRequest } from "./exporter.js";

/**
 * Throws `export/layer-missing` unless all layers are in the store, or can be brought. Called
 * before anything is written.
 */
export function requireLayers(request: ExportRequest, context: ExportContext): void {
  for (const { blob, bring } of request.images.flatMap((image) => image.layers)) {
    if (!bring && !context.blobs.has(blob.digest)) {
      throw layerNotStored(blob);
    }
  }
}
