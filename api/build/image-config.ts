import type { FrontendResult } from "../../frontend/frontend.js";
import type { Digest } from "../../core/digest.js";
import type { History, ImageConfig } from "../../oci/types.js";

/** A layer of the result, bottom first. `createdAt` is in milliseconds since the epoch. */
interface ResultLayer {
  readonly diffId: Digest;
  readonly createdAt: number;
}

/**
 * Returns the finished config: the frontend's, with the layers and with times. A history entry with
 * a layer gets the layer's date, and one without gets its neighbours', as in BuildKit. So a fully
 * cached build gives the same image id again. `epoch` (milliseconds) dates everything of this build
 * instead.
 */
export function finishConfig(result: FrontendResult, layers: readonly ResultLayer[], epoch: number | undefined): ImageConfig {
  const baseLayers = layers.length - result.history.filter((entry) => entry.layer).length;
  let next = baseLayers;
  const own = result.history.map(({ layer, ...entry }): History => {
    const at = epoch ?? (layer ? layers[next]?.createdAt : undefined);
    if (layer) next++;
    return { ...(at === undefined ? {} : { created: iso(at) }), ...entry, ...(layer ? {} : { empty_layer: true }) };
  });
  const base = completeBaseHistory(result.baseHistory, baseLayers);
  const history = dateEmptyEntries([...base, ...own]);
  const created = epoch === undefined ? history.findLast((entry) => entry.created !== undefined)?.created : iso(epoch);
  return {
    ...(created === undefined ? {} : { created }),
    ...result.config,
    rootfs: { type: "layers", diff_ids: layers.map((layer) => layer.diffId) },
    history,
  };
}

/**
 * Completes a base image's history. Images in the wild have fewer or more entries than layers;
 * readers expect one for each layer.
 */
function completeBaseHistory(history: readonly History[], layers: number): readonly History[] {
  const described = history.filter((entry) => !entry.empty_layer).length;
  if (described === layers) return history;
  if (described < layers)
    return [...history, ...Array.from({ length: layers - described }, () => ({ comment: "tsbuild: layer without history" }))];
  let surplus = described - layers;
  return history.filter((entry) => entry.empty_layer || surplus-- <= 0);
}

function dateEmptyEntries(history: readonly History[]): readonly History[] {
  // Undated entries get the time of the layer before them; the first ones that of the first new
  // layer.
  const firstUndated = history.findIndex((entry) => entry.created === undefined);
  if (firstUndated < 0) return history;
  let created = history.slice(firstUndated).find((entry) => entry.created !== undefined)?.created ?? history[firstUndated - 1]?.created;
  let sawUndated = false;
  return history.map((entry) => {
    if (entry.created !== undefined) {
      if (sawUndated) created = entry.created;
      return entry;
    }
    sawUndated = true;
    return created === undefined ? entry : { created, ...entry };
  });
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
