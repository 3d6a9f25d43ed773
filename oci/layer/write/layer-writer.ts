import { type Digest, Hasher, sha256 } from "../../../core/digest.js";
import type { TsbuildError } from "../../../core/errors.js";
import { layerMediaType } from "../../media-types.js";
import { padding, type TarHeader } from "../../tar/header.js";
import { encodeHeader, END_MARKER_SIZE } from "../../tar/writer.js";
import { compressTo } from "./blob-output.js";
import { Compressor } from "./compress.js";
import { type OpenContent, openContent } from "../model/content.js";
import { EarlierTar, EarlierTarUnusable } from "./earlier-tar.js";
import { headerOf } from "./entry-header.js";
import { fileChanged } from "../model/errors.js";
import { type UnchangedRange, unchangedRanges } from "./unchanged-ranges.js";
import { sortByPath } from "../model/path-order.js";
import { stepsOf } from "./packed-plan.js";
import { layerSteps, type PackStep } from "./plan.js";
import { type Cancellation, digestOf, EMPTY_DIGEST, stopIfAborted } from "../read/read-layer.js";
import type { CompressionOptions } from "../model/tasks.js";
import type { LayerBlob, PackedPlan, PackEntry, PackPlan, Toc } from "../model/toc.js";
import { TocColumnsBuilder } from "../model/toc-columns.js";
import { isReservedName, opaqueMarkerOf, whiteoutOf } from "../model/whiteout.js";

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

/** Bytes gathered before they are hashed and compressed; also the bytes of one read of a file. */
const STAGING = 1 << 20;

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
  const written = await writeSteps(steps, new Compressor({ options: { type: "uncompressed" }, sink: () => {} }), undefined, context);
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
  /** Unchanged ranges by the index of their first step. */
  readonly ranges: ReadonlyMap<number, UnchangedRange>;
}

/**
 * Entries of a plan up to which its steps are kept for a second pass. To make the steps again takes
 * time; to keep them takes memory.
 */
const MOST_STEPS = 50_000;

/** Returns steps that can be gone through twice. */
function repeatable(planned: () => Iterable<PackStep>, plan: PackPlan | PackedPlan): Iterable<PackStep> {
  if ("pieces" in plan || plan.entries.length <= MOST_STEPS) return [...planned()];
  return { [Symbol.iterator]: () => planned()[Symbol.iterator]() };
}

function openEarlier(steps: Iterable<PackStep>, { blob, toc }: EarlierLayer): Earlier {
  const { ranges, others } = unchangedRanges(steps, toc);
  if (others.steps > MOST_NEW || others.bytes > MOST_NEW_BYTES) throw new EarlierTarUnusable("too much is new");
  return { tar: new EarlierTar(blob, toc.diffId), ranges: new Map(ranges.map((range) => [range.first, range])) };
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
  /** Adds a step whose bytes are copied from the earlier layer. */
  const take = (step: PackStep): void => {
    keep(step);
    if (step.kind === "entry") entries.add(step.entry, step.entry.digest);
  };
  let index = -1;
  /** Number of coming steps whose bytes the last range has copied already. */
  let done = 0;
  for (const step of steps) {
    index++;
    if (done > 0) {
      done--;
      take(step);
      continue;
    }
    stopIfAborted(context);
    const range = earlier?.ranges.get(index);
    if (earlier && range) {
      const shared = index === 0 && range.start === 0 && compressor.digested() !== undefined;
      const digested = (): Hasher => compressor.digested() as Hasher;
      await tar.copy(shared ? earlier.tar.readFirst(range.end, digested) : earlier.tar.read(range.start, range.end), context);
      take(step);
      done = range.length - 1;
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
  const wait = tar.fits(END_MARKER_SIZE) ? undefined : tar.flush();
  if (wait) await wait;
  tar.put(Buffer.alloc(END_MARKER_SIZE));
  await tar.flush();
  const { diffId, uncompressedSize, digest, size } = await compressor.finish();
  const toc: Toc = {
    version: 1,
    diffId,
    size: uncompressedSize,
    entries: entries.entries(),
    whiteouts: sortByPath(whiteouts).map(({ path }) => path),
  };
  return { diffId, toc, blob: mediaType === undefined ? undefined : { digest, size, mediaType } };
}

/** Gathers headers and contents. Small files are read directly into their place in the tar. */
class TarStaging {
  readonly #buffer = Buffer.allocUnsafe(STAGING);
  readonly #compressor: Compressor;
  #filled = 0;

  constructor(compressor: Compressor) {
    this.#compressor = compressor;
  }

  fits(bytes: number): boolean {
    return bytes <= STAGING - this.#filled;
  }

  put(bytes: Buffer): void {
    this.#filled += bytes.copy(this.#buffer, this.#filled);
  }

  flush(): Promise<void> | undefined {
    const bytes = this.#buffer.subarray(0, this.#filled);
    this.#filled = 0;
    return this.#compressor.write(bytes);
  }

  /** Copies bytes of a tar. */
  async copy(chunks: AsyncIterable<Buffer>, context: Cancellation | undefined): Promise<void> {
    const flushed = this.flush();
    if (flushed) await flushed;
    for await (const chunk of chunks) {
      stopIfAborted(context);
      const wait = this.#compressor.write(chunk);
      if (wait) await wait;
    }
  }

  /**
   * Reads a file that fits as a whole, with one byte of room more, which shows that it has not
   * grown.
   */
  smallFile(entry: PackEntry, content: OpenContent): Digest {
    const start = this.#filled;
    let read = 0;
    while (read <= entry.size) {
      const size = content.read(this.#buffer, start + read, entry.size + 1 - read);
      if (size === 0) break;
      read += size;
    }
    if (read !== entry.size) throw sizeChanged(entry, read);
    this.#filled += read;
    const digest = read === 0 ? EMPTY_DIGEST : digestOf(this.#buffer.subarray(start, this.#filled));
    this.#pad(entry.size);
    return digest;
  }

  async largeFile(entry: PackEntry, content: OpenContent, context: Cancellation | undefined): Promise<Digest> {
    const hasher = new Hasher();
    for (let left = entry.size; left > 0; ) {
      stopIfAborted(context);
      if (this.#filled === STAGING) {
        const wait = this.flush();
        if (wait) await wait;
      }
      const size = content.read(this.#buffer, this.#filled, Math.min(left, STAGING - this.#filled));
      if (size === 0) throw sizeChanged(entry, entry.size - left);
      hasher.update(this.#buffer.subarray(this.#filled, this.#filled + size));
      this.#filled += size;
      left -= size;
    }
    if (content.read(Buffer.alloc(1), 0, 1) !== 0) throw sizeChanged(entry, entry.size + 1);
    const wait = this.fits(padding(entry.size)) ? undefined : this.flush();
    if (wait) await wait;
    this.#pad(entry.size);
    return hasher.digest();
  }

  #pad(size: number): void {
    const end = this.#filled + padding(size);
    this.#buffer.fill(0, this.#filled, end);
    this.#filled = end;
  }
}

function sizeChanged(entry: PackEntry, found: number): TsbuildError {
  return fileChanged(
    entry.path,
    found > entry.size ? `it grew past its ${entry.size} bytes` : `it shrank from ${entry.size} to ${found} bytes`,
  );
}

/** Returns the header of a deletion, which has no metadata: time zero, as containerd writes it. */
function markerHeader(name: string): TarHeader {
  return { name, type: "file", mode: 0, uid: 0, gid: 0, size: 0, mtime: { sec: 0, nsec: 0 } };
}
