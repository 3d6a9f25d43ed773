import { layerMediaType } from "../../media-types.js";
import { compressTo } from "./blob-output.js";
import { openDecompressed } from "../read/decompress.js";
import { type Cancellation, stopIfAborted } from "../read/read-layer.js";
import type { LayerTasks } from "../model/tasks.js";

export async function recompress(
  params: Parameters<LayerTasks["recompress"]>[0],
  context?: Cancellation,
): ReturnType<LayerTasks["recompress"]> {
  const { blob, out, compression } = params;
  return compressTo(out, compression, async (compressor) => {
    for await (const chunk of openDecompressed(blob)) {
      stopIfAborted(context);
      const wait = compressor.write(chunk);
      if (wait) await wait;
    }
    const { digest, size } = await compressor.finish();
    return { mediaType: layerMediaType(compression.type), digest, size };
  });
}
