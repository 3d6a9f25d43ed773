import { closeSync, openSync, rmSync, writeSync } from "node:fs";
import { systemErrorCode, TsbuildError } from "../../core/errors.js";
import { layerMediaType } from "../media-types.js";
import { Compressor } from "./compress.js";
import { openDecompressed } from "./decompress.js";
import { packFailed } from "./errors.js";
import { type Cancellation, stopIfAborted } from "./read-layer.js";
import type { LayerTasks } from "./tasks.js";

export async function recompress(
  params: Parameters<LayerTasks["recompress"]>[0],
  context?: Cancellation,
): ReturnType<LayerTasks["recompress"]> {
  const { blob, out, compression } = params;
  let fd: number | undefined;
  try {
    const output = openSync(out, "wx", 0o644);
    fd = output;
    const compressor = new Compressor(compression, (chunk) => {
      for (let at = 0; at < chunk.length; ) at += writeSync(output, chunk, at);
    });
    for await (const chunk of openDecompressed(blob)) {
      stopIfAborted(context);
      const wait = compressor.write(chunk);
      if (wait) await wait;
    }
    const { digest, size } = await compressor.finish();
    return { mediaType: layerMediaType(compression.type), digest, size };
  } catch (error) {
    if (fd !== undefined) rmSync(out, { force: true });
    throw systemErrorCode(error) === undefined || error instanceof TsbuildError ? error : packFailed(out, error as Error);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
