import { type Cancellation, readLayer } from "./read-layer.js";
import type { LayerTasks } from "../model/tasks.js";

export async function scan(params: Parameters<LayerTasks["scan"]>[0], context?: Cancellation): ReturnType<LayerTasks["scan"]> {
  const { tree, diffId, size } = await readLayer(
    params.blob,
    {},
    {
      literal: params.literal ?? false,
      growing: params.growing,
      limit: params.limit,
      context,
    },
  );
  return { diffId, toc: tree.toc(diffId, size) };
}
