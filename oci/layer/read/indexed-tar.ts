import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { corruptLayer } from "../model/errors.js";
import { NumbersBuilder } from "../model/numbers.js";
import type { IndexedTar, LayerTasks, TarPart } from "../model/tasks.js";
import { LongText } from "../../../core/text/long-text.js";
import { fileFormat } from "./decompress.js";
import { type Cancellation, readLayer, stopIfAborted } from "./read-layer.js";
import { writeAll } from "../../../core/system/write-all.js";

/** Bytes of one copy. */
const CHUNK = 1 << 20;

export async function index(params: Parameters<LayerTasks["index"]>[0], context?: Cancellation): ReturnType<LayerTasks["index"]> {
  const { blob } = params;
  const tar = fileFormat(blob) === "plain" ? blob : params.out;
  if (tar === undefined) return undefined;
  const fd = tar === blob ? undefined : openSync(tar, "wx", 0o600);
  const places = new Map<number, { readonly start: number; readonly size: number }>();
  try {
    const { tree } = await readLayer(
      blob,
      {
        entry(_, inode, start) {
          if (inode && start !== undefined) places.set(inode.ordinal, { start, size: inode.meta.size });
        },
        tar(chunk) {
          if (fd !== undefined) writeAll(fd, chunk);
        },
      },
      { context },
    );
    return { tar, ...columnsOf(tree.leaves(), places) };
  } catch (error) {
    if (fd !== undefined) rmSync(tar, { force: true });
    throw error;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

function columnsOf(
  leaves: Iterable<readonly [path: string, inode: { readonly ordinal: number }]>,
  places: ReadonlyMap<number, { readonly start: number; readonly size: number }>,
): Omit<IndexedTar, "tar"> {
  const paths = new LongText();
  const starts = new NumbersBuilder();
  const sizes = new NumbersBuilder();
  for (const [path, { ordinal }] of leaves) {
    const place = places.get(ordinal);
    if (!place) continue;
    paths.push(path);
    paths.push("\0");
    starts.push(place.start);
    sizes.push(place.size);
  }
  return { paths: paths.toString(), starts: starts.numbers(), sizes: sizes.numbers() };
}

export async function cut({ tar, parts }: Parameters<LayerTasks["cut"]>[0], context?: Cancellation): Promise<void> {
  const fd = openSync(tar, "r");
  try {
    const largest = parts.reduce((size, part) => Math.max(size, part.size), 0);
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, largest));
    for (const part of parts) {
      stopIfAborted(context);
      cutOne(fd, tar, part, buffer);
    }
  } catch (error) {
    for (const { dest } of parts) rmSync(dest, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function cutOne(from: number, tar: string, { start, size, dest }: TarPart, buffer: Buffer): void {
  const to = openSync(dest, "wx", 0o600);
  try {
    for (let done = 0; done < size; ) {
      const read = readSync(from, buffer, 0, Math.min(buffer.length, size - done), start + done);
      if (read === 0) throw corruptLayer(tar, "it ends in the middle of a file");
      writeAll(to, buffer.subarray(0, read));
      done += read;
    }
  } finally {
    closeSync(to);
  }
}
