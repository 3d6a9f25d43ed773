import { EarlierTarUnusable } from "./earlier-tar.js";
import { type EarlierLayer, type WriteOptions, writeLayer } from "./layer-writer.js";
import type { Cancellation } from "../read/read-layer.js";
import type { LayerTasks } from "../model/tasks.js";
import type { LayerBlob } from "../model/toc.js";

type PackParams = Parameters<LayerTasks["pack"]>[0];

export function pack(params: PackParams, context?: Cancellation): Promise<LayerBlob> {
  return write(params, { context });
}

/**
 * Does what {@link pack} does, and gives the same bytes, but reads only files that an earlier layer does not have alike. Undefined, and nothing written, when that layer does
 * not help: too much is new, or its blob is gone or damaged. Lets the event loop run in between.
 */
export async function repack(
  params: PackParams & { readonly earlier: EarlierLayer },
  context?: Cancellation,
): Promise<LayerBlob | undefined> {
  try {
    return await write(params, { context, earlier: params.earlier });
  } catch (error) {
    if (error instanceof EarlierTarUnusable) return undefined;
    throw error;
  }
}

async function write(params: PackParams, options: Pick<WriteOptions, "context" | "earlier">): Promise<LayerBlob> {
  const out = { path: params.out, compression: params.compression };
  const { diffId, toc, blob } = await writeLayer(params.plan, { out, epoch: params.epoch, ...options });
  if (!blob) throw new Error("internal: a packed layer has no blob");
  return { diffId, toc, ...blob };
}
