import { type Digest, type Hasher, sha256 } from "../../../core/digest.js";
import { layerMediaType } from "../../media-types.js";
import { compressTo } from "./blob-output.js";
import { Compressor } from "./compress.js";
import { EarlierTar, EarlierTarUnusable } from "./earlier-tar.js";
import { type KeptRun, keptRuns } from "./kept-runs.js";
import { stepsOf } from "./packed-plan.js";
import { layerSteps, type PackStep } from "./plan.js";
import { StepWriter } from "./step-writer.js";
import { type Cancellation, stopIfAborted } from "../read/read-layer.js";
import type { CompressionOptions } from "../model/tasks.js";
import type { LayerBlob, PackedPlan, PackPlan, Toc } from "../model/toc.js";
import { isReservedName } from "../model/whiteout.js";

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

interface WrittenLayer {
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
  const planned = (): Iterable<PackStep> => ("pieces" in plan ? stepsOf(plan) : layerSteps(plan, epoch));
  const steps = options.earlier ? repeatable(planned, plan) : planned();
  const earlier = options.earlier && openEarlier(steps, options.earlier);
  const mediaType = layerMediaType(out.compression.type);
  try {
    return await compressTo(out.path, out.compression, async (compressor) => {
      const written = await writeSteps(steps, compressor, mediaType, context, earlier);
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
  const written = await writeSteps(steps, new Compressor({ type: "uncompressed" }, () => {}), undefined, context);
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
const MOST_NEW = 1000;
const MOST_NEW_BYTES = 32 << 20;

interface Earlier {
  readonly tar: EarlierTar;
  /** Unchanged runs by the index of their first step. */
  readonly runs: ReadonlyMap<number, KeptRun>;
}

/** Entries of a plan up to which its steps are kept for a second look: making them again takes longer, keeping them takes memory. */
const MOST_STEPS = 50_000;

/** Returns steps that can be gone through twice. */
function repeatable(planned: () => Iterable<PackStep>, plan: PackPlan | PackedPlan): Iterable<PackStep> {
  if ("pieces" in plan || plan.entries.length <= MOST_STEPS) return [...planned()];
  return { [Symbol.iterator]: () => planned()[Symbol.iterator]() };
}

function openEarlier(steps: Iterable<PackStep>, { blob, toc }: EarlierLayer): Earlier {
  const { runs, others } = keptRuns(steps, toc);
  if (others.steps > MOST_NEW || others.bytes > MOST_NEW_BYTES) throw new EarlierTarUnusable("too much is new");
  return { tar: new EarlierTar(blob, toc.diffId), runs: new Map(runs.map((run) => [run.first, run])) };
}

async function writeSteps(
  steps: Iterable<PackStep>,
  compressor: Compressor,
  mediaType: string | undefined,
  context: Cancellation | undefined,
  earlier?: Earlier,
): Promise<WrittenLayer> {
  const tar = new TarStaging(compressor);
  const entries = new TocColumnsBuilder();
  const whiteouts: { readonly path: string }[] = [];
  /** Digests of files that have more names. */
  const digests = new Map<string, Digest>();
  const keep = (step: PackStep, digest = step.kind === "entry" ? step.entry.digest : undefined): void => {
    if (step.kind === "entry" && step.linked && digest !== undefined) digests.set(step.entry.path, digest);
  };
  /** Takes a step of a run, which the earlier layer has alike. */
  const take = (step: PackStep): void => {
    keep(step);
    if (step.kind === "entry") entries.add(step.entry, step.entry.digest);
  };
  let index = -1;
  /** Number of steps that the last run covers beyond this one. */
  let covered = 0;
  for (const step of steps) {
    index++;
    if (done > 0) {
      done--;
      take(step);
      continue;
    }
    stopIfAborted(context);
    const run = earlier?.runs.get(index);
    if (earlier && run) {
      const shared = index === 0 && run.start === 0 && compressor.digested() !== undefined;
      const digested = (): Hasher => compressor.digested() as Hasher;
      await tar.copy(shared ? earlier.tar.readFirst(run.end, digested) : earlier.tar.read(run.start, run.end), context);
      take(step);
      done = run.length - 1;
      continue;
    }
    if (step.kind !== "entry") {
      const marker = encodeHeader(markerHeader(step.kind === "whiteout" ? whiteoutOf(step.path) : opaqueMarkerOf(step.path)));
      if (step.kind === "whiteout") whiteouts.push({ path: step.path });
      const wait = tar.fits(marker.length) ? undefined : tar.flush();
      if (wait) await wait;
      tar.put(marker);
      continue;
    }
    const { entry } = step;
    const header = encodeHeader(headerOf(entry));
    const isContent = entry.type === "file" && entry.hardlink === undefined;
    const whole = header.length + (isContent ? entry.size + padding(entry.size) + 1 : 0);
    const wait = tar.fits(whole) ? undefined : tar.flush();
    if (wait) await wait;
    let digest: Digest | undefined;
    if (!isContent) {
      tar.put(header);
      digest = entry.hardlink === undefined ? undefined : digests.get(entry.hardlink);
    } else {
      const content = openContent(entry);
      try {
        if (!tar.fits(header.length)) throw new Error("internal: a tar header is larger than the staging buffer");
        tar.put(header);
        digest = tar.fits(whole - header.length) ? tar.smallFile(entry, content) : await tar.largeFile(entry, content, context);
      } finally {
        content.close();
      }
      if (entry.digest !== undefined && entry.digest !== digest) throw fileChanged(entry.path, "its content changed");
      keep(step, digest);
    }
    entries.add(entry, digest);
  }
  const lists = await writer.finish();
  const { diffId, uncompressedSize, digest, size } = await compressor.finish();
  const toc: Toc = { version: 1, diffId, size: uncompressedSize, ...lists };
  return { diffId, toc, blob: mediaType === undefined ? undefined : { digest, size, mediaType } };
}

/** Reads a run of the earlier tar. The hash of a run that begins both tars is computed once. */
function bytesOfRun(tar: EarlierTar, { first, start, end }: KeptRun, compressor: Compressor): AsyncIterable<Buffer> {
  const shared = first === 0 && start === 0 && compressor.digested() !== undefined;
  return shared ? tar.readFirst(end, () => compressor.digested() as Hasher) : tar.read(start, end);
}
