import { type Digest, type Hasher, sha256 } from "../../../core/digest.js";
import { layerMediaType } from "../../media-types.js";
import type { CompressionOptions } from "../model/tasks.js";
import type { LayerBlob, PackedPlan, PackPlan, Toc } from "../model/toc.js";
import { isReservedName } from "../model/whiteout.js";
import { type Cancellation, stopIfAborted } from "../read/read-layer.js";
import { compressTo } from "./blob-output.js";
import { Compressor } from "./compress.js";
import { EarlierTar, EarlierTarUnusable } from "./earlier-tar.js";
import { stepsOf } from "./packed-plan.js";
import { layerSteps, type PackStep } from "./plan.js";
import { columnsOf, TocCursor } from "../model/toc-columns.js";
import { StepWriter } from "./step-writer.js";
import { type LayerPart, type UnchangedRange, unchangedParts } from "./unchanged-parts.js";

export interface WriteOptions {
  /** Destination of the blob. Without it only diffID and TOC are computed. */
  readonly out?: { readonly path: string; readonly compression: CompressionOptions } | undefined;
  /** Clamp for mtimes, in seconds since the epoch. */
  readonly epoch?: number | undefined;
  readonly context?: Cancellation | undefined;
  /**
   * An earlier layer of this packer: unchanged parts are taken from its tar instead of from files.
   */
  readonly earlier?: EarlierLayer | undefined;
}

/** A layer whose blob is in the store. */
export interface EarlierLayer {
  readonly blob: string;
  readonly toc: Toc;
}

export interface WrittenLayer {
  readonly diffId: Digest;
  readonly toc: Toc;
  readonly blob: Pick<LayerBlob, "digest" | "size" | "mediaType"> | undefined;
}

/**
 * Writes a layer from a plan. Removes the blob again after a failure. Throws {@link
 * EarlierTarUnusable} when the earlier layer does not help.
 */
export async function writeLayer(plan: PackPlan | PackedPlan, options: WriteOptions): Promise<WrittenLayer> {
  const { out, context, epoch } = options;
  if (!out) {
    if ("pieces" in plan) throw new Error("internal: a layer that is not written needs no thread");
    return describeLayer(plan, epoch, context);
  }
  const steps = "pieces" in plan ? stepsOf(plan) : layerSteps(plan, epoch);
  const earlier = options.earlier && openEarlier(steps, options.earlier);
  const mediaType = layerMediaType(out.compression.type);
  try {
    return await compressTo(out.path, out.compression, async (compressor) => {
      const written = await writeParts(earlier?.parts ?? steps, compressor, { mediaType, context, earlier });
      await earlier?.tar.verify();
      return written;
    });
  } finally {
    await earlier?.tar.close();
  }
}

/**
 * Computes diffID and TOC of a layer that is not written. Note that it may hold files called
 * `.wh.…`, because a stage that others only copy from never becomes a layer of an image. Its diffID
 * is then no digest of a tar, in which these files would be deletions.
 */
async function describeLayer(plan: PackPlan, epoch: number | undefined, context: Cancellation | undefined): Promise<WrittenLayer> {
  const steps = layerSteps(plan, epoch, { reservedNames: true });
  const compressor = new Compressor({ options: { type: "uncompressed" }, sink: () => {} });
  const written = await writeParts(steps, compressor, { mediaType: undefined, context });
  let reserved = false;
  for (const { path } of plan.entries) reserved ||= isReservedName(path);
  if (!reserved) return written;
  const diffId = sha256(`files with reserved names\n${written.diffId}`);
  return { ...written, diffId, toc: { ...written.toc, diffId } };
}

/**
 * New entries, and bytes in new files, above which an earlier layer is of no use: other threads
 * read them faster.
 */
const NEW_LIMITS = { steps: 1000, bytes: 32 << 20 };

interface Earlier {
  readonly tar: EarlierTar;
  readonly table: TocCursor;
  readonly parts: readonly LayerPart[];
}

function openEarlier(steps: Iterable<PackStep>, { blob, toc }: EarlierLayer): Earlier {
  const parts = unchangedParts(steps, toc, NEW_LIMITS);
  if (!parts) throw new EarlierTarUnusable("too much is new");
  return { tar: new EarlierTar(blob, toc.diffId), table: new TocCursor(columnsOf(toc.entries)), parts };
}

interface PartsOptions {
  readonly mediaType: string | undefined;
  readonly context: Cancellation | undefined;
  readonly earlier?: Earlier | undefined;
}

/** Writes the tar of a layer, and returns its table of contents. */
async function writeParts(parts: Iterable<LayerPart>, compressor: Compressor, options: PartsOptions): Promise<WrittenLayer> {
  const { mediaType, context, earlier } = options;
  const writer = new StepWriter(compressor, context);
  for (const part of parts) {
    stopIfAborted(context);
    if (part.kind !== "range") {
      const wait = writer.write(part);
      if (wait) await wait;
    } else if (earlier) await writer.takeRange(part, bytesOf(part, earlier.tar, compressor), earlier.table);
  }
  await writer.end();
  const { diffId, uncompressedSize, digest, size } = await compressor.finish();
  const toc: Toc = { version: 1, diffId, size: uncompressedSize, ...writer.contents() };
  return { diffId, toc, blob: mediaType === undefined ? undefined : { digest, size, mediaType } };
}

/**
 * Returns the bytes of a range. Up to the end of the first range, where old and new tar begin
 * alike, both share one digest.
 */
function bytesOf(range: UnchangedRange, tar: EarlierTar, compressor: Compressor): AsyncIterable<Buffer> {
  const shared = range.first === 0 && range.start === 0 && compressor.digested() !== undefined;
  return shared ? tar.readFirst(range.end, () => compressor.digested() as Hasher) : tar.read(range.start, range.end);
}
