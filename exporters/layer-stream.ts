import { layerDamaged } from "./errors.js";
import { posix } from "node:path";
import { Hasher } from "../core/digest.js";
import { throwIfAborted } from "../core/errors.js";
import { openDecompressed } from "../oci/layer/read/decompress.js";
import type { TarHeader } from "../oci/tar/header.js";
import { TarParser } from "../oci/tar/reader.js";
import type { ExportContext, ExportLayer } from "./exporter.js";

/**
 * Receives one file of a layer. All calls are synchronous; `data` is valid during the call only.
 */
export interface FileWriter {
  data(chunk: Buffer): void;
  end(): void;
  /** Called in place of `end` when the layer cannot be read on. */
  discard?(): void;
}

/**
 * Reads a layer once and offers each file that has content of its own: `open` returns a writer, or
 * undefined when the file is not wanted. `afterChunk` may wait for slow outputs. Verifies the bytes
 * against the layer's diffID.
 */
export async function streamFiles(
  layer: ExportLayer,
  context: ExportContext,
  open: (path: string, header: TarHeader) => FileWriter | undefined,
  afterChunk: () => void | Promise<void> = () => undefined,
): Promise<void> {
  let writer: FileWriter | undefined;
  const parser = new TarParser({
    entry: (header) => {
      writer = header.type === "file" ? open(layerPath(header.name), header) : undefined;
    },
    data: (chunk) => writer?.data(chunk),
    end: () => {
      const ended = writer;
      writer = undefined;
      ended?.end();
    },
  });
  const hasher = new Hasher();
  try {
    for await (const chunk of openDecompressed(context.blobs.path(layer.blob.digest))) {
      throwIfAborted(context.signal);
      hasher.update(chunk);
      parser.push(chunk);
      const waiting = afterChunk();
      if (waiting !== undefined) await waiting;
    }
    parser.finish();
  } finally {
    writer?.discard?.();
  }
  if (hasher.digest() !== layer.diffId) {
    throw layerDamaged(layer);
  }
}

/**
 * Returns a name of a layer's tar in the form of TOCs: relative, without slashes at its ends. Names
 * that lead out of the root never match a TOC.
 */
function layerPath(name: string): string {
  return posix.normalize(`/${name}`).replace(/^\/+|\/+$/g, "");
}
