import type { LayerId } from "../../cache/contract/layers.js";
import { parseCacheOrigin } from "../../cache/remote/origin.js";
import { allOrAbort } from "../../core/tasks/all-or-abort.js";
import type { ExportImage, ExportLayer } from "../../exporters/exporter.js";
import type { FrontendResult } from "../../frontend/frontend.js";
import type { LayerService } from "../../solver/layers/layer-service.js";
import type { Stack } from "../../solver/layers/ports.js";
import { quietReporter } from "../../solver/layers/quiet-reporter.js";
import { rootLayers } from "../../solver/ops/inputs/root-layers.js";
import type { StepResult } from "../../solver/result.js";
import type { BlobForm } from "../options/resolve-outputs.js";
import { LayerUnavailableError } from "../remote-cache/fetch-layer.js";
import { finishConfig } from "./image-config.js";

/** An image with its layers' blobs, and the stack of layers that it is made of. */
export interface FinishedImage {
  readonly image: ExportImage;
  readonly stack: Stack;
}

/** Completes an image: the blobs of its layers in their final form, diffIDs, history and times. */
export async function finishImage(
  result: FrontendResult,
  solved: StepResult,
  service: LayerService,
  options: FinishOptions & { readonly epoch: number | undefined },
): Promise<FinishedImage> {
  const stack = await rootLayers(solved, service, quietReporter(options.signal));
  const layers = await finishLayers(stack, service, options);
  return { image: { platform: result.platform, config: finishConfig(result, layers, options.epoch), layers }, stack };
}

/** The form that layers get. */
export interface FinishOptions {
  /** Returns true when a layer that is at `origin` may stay there. */
  readonly mayStayRemote: (origin: string) => boolean;
  /** Form of the blobs. `own` converts also layers that another output compressed before. */
  readonly form: BlobForm & { readonly own?: boolean };
  readonly signal: AbortSignal;
}

export async function finishLayers(
  stack: Stack,
  service: LayerService,
  { mayStayRemote, form: { compression, force, own = false }, signal: ended }: FinishOptions,
): Promise<readonly (ExportLayer & { readonly createdAt: number })[]> {
  const final = service.blobs.finalLayers(stack, compression);
  return allOrAbort(ended, (signal) => {
    const reporter = quietReporter(signal);
    return stack.map(async (id, index) => {
      const from = (final.get(id) ?? service.record(id)).origin;
      const stays = from !== undefined && mayStayRemote(from);
      const packed = final.get(id) ?? (await service.blobs[stays ? "described" : "exported"](stack, index, compression, reporter));
      const { createdAt, origin } = final.get(id) ?? service.record(id);
      const blob = force || (own && origin === undefined) ? await service.blobs.converted(id, compression, reporter) : packed.blob;
      const same = blob.digest === packed.blob.digest;
      return {
        diffId: packed.diffId,
        blob,
        createdAt,
        ...(origin === undefined || parseCacheOrigin(origin) || !same ? {} : { origin }),
        ...(stays && same ? { bring: (until: AbortSignal) => bringLayer(id, from, service, until) } : {}),
        toc: (until: AbortSignal) => service.toc(stack, index, quietReporter(until)),
      };
    });
  });
}

/**
 * Fetches a layer. A layer that is no longer at its origin is forgotten there, so that the next
 * build makes the layer again.
 */
async function bringLayer(id: LayerId, origin: string, service: LayerService, signal: AbortSignal): Promise<void> {
  try {
    await service.fetched(id, quietReporter(signal));
  } catch (error) {
    if (error instanceof LayerUnavailableError) service.store.layers.forgetOrigin(origin);
    throw error;
  }
}
