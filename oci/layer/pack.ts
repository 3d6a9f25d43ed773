import { writeLayer } from "./layer-writer.js";
import type { Cancellation } from "./read-layer.js";
import type { LayerTasks } from "./tasks.js";

export async function pack(params: Parameters<LayerTasks["pack"]>[0], context?: Cancellation): ReturnType<LayerTasks["pack"]> {
  const out = { path: params.out, compression: params.compression };
  const { diffId, toc, blob } = await writeLayer(params.plan, { out, epoch: params.epoch, context });
  if (!blob) throw new Error("internal: a packed layer has no blob");
  return { diffId, toc, ...blob };
}
