import type { Diagnostic } from "../../core/diagnostics.js";
import type { ExportImage } from "../../exporters/exporter.js";
import { formatPlatform } from "../../oci/platform.js";

/** Layers that docker's overlay2 takes: more do not fit into the options of one mount. */
const MAX_LAYERS = 127;

/** Warns of images that tsbuild can use as a base and other engines may refuse to run. */
export function manyLayers(images: readonly Pick<ExportImage, "layers" | "platform">[]): readonly Diagnostic[] {
  return images.flatMap(({ layers, platform }): Diagnostic[] => {
    if (layers.length <= MAX_LAYERS) return [];
    const which = images.length === 1 ? "The image" : `The image for ${formatPlatform(platform)}`;
    return [
      {
        severity: "warning",
        code: "image/many-layers",
        message: `${which} has ${layers.length} layers: engines with overlay2, docker among them, run at most ${MAX_LAYERS}`,
        hint: "Join RUN and COPY instructions, or copy the result into a new stage: FROM scratch, COPY --from=STAGE / /",
      },
    ];
  });
}
