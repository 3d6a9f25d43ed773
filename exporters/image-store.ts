import type { ImageIndex, LayerStore } from "../cache/store.js";
import { assembleWithProgress } from "./archive.js";
import type { Exporter } from "./exporter.js";
import { imageResult } from "./layout-content.js";

/** What of the store the local image store needs, so that it can be tested without one. */
export interface ImageStorePort {
  readonly images: Pick<ImageIndex, "set">;
  readonly layers: Pick<LayerStore, "addRemote">;
}

/** `type=image`: the local image store. The image is complete there before a name leads to it. */
export function imageStore(store: ImageStorePort): Exporter {
  return {
    name: "exporting to image",
    async export(request, context) {
      const image = assembleWithProgress(request, "oci", context);
      for (const one of request.images) {
        // An image whose layers the store does not know could not be built on again.
        for (const layer of one.layers) store.layers.addRemote({ diffId: layer.diffId, blob: layer.blob, origin: undefined });
      }
      for (const bytes of image.documents.values()) context.blobs.writeSmall(bytes);
      const created = request.epoch ?? Date.now();
      if (request.names.length === 0) store.images.set(undefined, image.target, created);
      for (const name of request.names) {
        store.images.set(name, image.target, created);
        context.progress(`naming to ${name}`, 1, 1, true);
      }
      return imageResult(image, request);
    },
  };
}
