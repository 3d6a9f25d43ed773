import type { ImageView } from "../../oci/image.js";
import type { ImageStore } from "../options/options.js";

type HistoryRow = ReturnType<ImageStore["history"]>[number];

/**
 * Returns the steps that made an image, newest first as docker shows them, with the compressed
 * bytes of the layer of each. Only the newest has an id: the images in between do not exist. Layers
 * without an entry in the config's history are rows of their own.
 */
export function historyOf(view: ImageView): readonly HistoryRow[] {
  const sizes = view.manifest.layers.map((layer) => layer.size);
  const rows: Omit<HistoryRow, "id">[] = (view.config.history ?? []).map((entry) => ({
    created: entry.created,
    createdBy: entry.created_by ?? "",
    size: entry.empty_layer ? 0 : (sizes.shift() ?? 0),
    comment: entry.comment ?? "",
  }));
  for (const size of sizes) rows.push({ created: view.config.created, createdBy: "", size, comment: "" });
  return rows.reverse().map((row, index) => ({ ...row, id: index === 0 ? view.manifest.config.digest : undefined }));
}
