import type { ImageIndex } from "../cache/contract/images.js";
import type { LayerStore } from "../cache/contract/layers.js";
import { parseReference } from "../oci/reference.js";
import { assembleWithProgress } from "./assemble-with-progress.js";
import type { Exporter } from "./exporter.js";
import { imageResult } from "./layout-content.js";

/** The part of the store that the local image store needs. Tests run without a store. */
export interface ImageStorePort {
  readonly images: Pick<ImageIndex, "get" | "set" | "setAll">;
  readonly layers: Pick<LayerStore, "addRemote" | "byDiffId">;
}

/**
 * Returns the exporter of `type=image`: the local image store. The image is complete there before a
 * name leads to it. Without a store only its documents are made, for their digests. A name without
 * a tag names nothing here: the image is found by its digest, with or without that name before it.
 */
export function imageStore(store: ImageStorePort | undefined): Exporter {
  return {
    name: "exporting to image",
    async export(request, context) {
      const image = assembleWithProgress(request, "oci", context);
      if (store === undefined) return imageResult(image, request);
      for (const { diffId, blob } of request.images.flatMap((one) => one.layers)) {
        // An image whose layers the store does not know could not be a base image.
        if (store.layers.byDiffId(diffId)?.blob?.digest !== blob.digest) store.layers.addRemote({ diffId, blob, origin: undefined });
      }
      for (const bytes of image.documents.values()) context.blobs.writeSmall(bytes);
      const now = request.epoch ?? Date.now();
      const names = request.names.filter((name) => parseReference(name).tag !== undefined);
      // An image that exists already keeps its time: then nothing is written at all.
      const createdAt = (name: string): number => {
        const known = store.images.get(name);
        return known?.target.digest === image.target.digest ? known.createdAt : now;
      };
      if (names.length === 0) store.images.set(undefined, image.target, now);
      store.images.setAll(names.map((name) => ({ name, target: image.target, createdAt: createdAt(name) })));
      for (const name of names) context.progress(`naming to ${name}`, 0, undefined, true);
      return imageResult(image, request);
    },
  };
}
