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
 * Packs as {@link pack} does, with the same bytes, but reads only files that changed since an
 * earlier layer. Returns undefined, and writes nothing, when that layer does not help: too much is
 * new, or its blob is gone or damaged. Lets the event loop run meanwhile.
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
