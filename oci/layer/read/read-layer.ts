import { hash } from "node:crypto";
import type { TaskContext } from "../../../core/tasks/thread-pool.js";
import { type Digest, Hasher } from "../../../core/digest.js";
import { CanceledError } from "../../../core/errors.js";
import type { TarHeader } from "../../tar/header.js";
import { TarParser } from "../../tar/reader.js";
import { decompressGrowing, openDecompressed } from "./decompress.js";
import { type Change, LayerTree } from "./layer-tree.js";
import type { Inode } from "./layer-node.js";
import { UnpackedSize } from "../model/unpacked-size.js";

/** Receives a layer while it is read. All calls are synchronous, in the order of the tar. */
interface LayerReader {
  /**
   * Receives the changes of an entry. `inode` is set when content follows for it; `start` is the
   * offset of the content in the tar, undefined for a sparse file.
   */
  entry?(changes: readonly Change[], inode: Inode | undefined, start: number | undefined): void;
  /** Receives content of the last entry with an inode, valid only during the call. */
  data?(chunk: Buffer, inode: Inode): void;
  /** Ends the content; `inode.digest` is set. */
  end?(inode: Inode): void;
  /** Receives the bytes of the tar, valid only during the call. */
  tar?(chunk: Buffer): void;
}

export type Cancellation = Pick<TaskContext, "aborted">;

export function stopIfAborted(context: Cancellation | undefined): void {
  if (context?.aborted) throw new CanceledError();
}

/**
 * Reads a layer blob once, in any compression: decompresses, parses, follows the layer's tree and
 * hashes every file and the whole tar.
 */
export async function readLayer(
  blob: string,
  reader: LayerReader,
  options: {
    readonly literal?: boolean;
    readonly context?: Cancellation | undefined;
    /** Bytes of the complete blob, when it is still being written. */
    readonly growing?: number | undefined;
    /** Bytes that the layer may unpack to. */
    readonly limit?: number | undefined;
  } = {},
): Promise<{ readonly tree: LayerTree; readonly diffId: Digest; readonly size: number }> {
  const tree = new LayerTree({ literal: options.literal ?? false });
  const whole = new Hasher();
  const unpacked = new UnpackedSize(blob, options.limit);
  let current: Inode | undefined;
  let content: Hasher | undefined;
  const parser = new TarParser({
    entry(header: TarHeader, start) {
      unpacked.file(header.size);
      const changes = tree.add(header);
      const last = changes.at(-1);
      current = last?.kind === "create" && last.inode.meta.type === "file" ? last.inode : undefined;
      content = undefined;
      reader.entry?.(changes, current, start);
    },
    data(chunk) {
      if (!current) return;
      // Most files come in one piece, for which the one-shot hash is four times faster.
      if (chunk.length === current.meta.size) current.digest = digestOf(chunk);
      else {
        content ??= new Hasher();
        content.update(chunk);
      }
      reader.data?.(chunk, current);
    },
    end() {
      if (!current) return;
      current.digest ??= content?.digest() ?? EMPTY_DIGEST;
      reader.end?.(current);
      current = undefined;
    },
  });
  const { growing, context } = options;
  const bytes =
    growing === undefined ? openDecompressed(blob) : decompressGrowing(blob, { size: growing, stopped: () => context?.aborted ?? false });
  for await (const chunk of bytes) {
    stopIfAborted(context);
    whole.update(chunk);
    unpacked.bytes(chunk.length);
    parser.push(chunk);
    reader.tar?.(chunk);
  }
  parser.finish();
  const { size } = whole;
  return { tree, diffId: whole.digest(), size };
}

/** sha256 of nothing. */
export const EMPTY_DIGEST = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" as Digest;

/** Returns the sha256 of bytes in one call. */
export function digestOf(bytes: Uint8Array): Digest {
  return `sha256:${hash("sha256", bytes, "hex")}` as Digest;
}
