import { writeLayoutDirectory } from "../oci/layout/write.js";
import { assembleWithProgress } from "./assemble-with-progress.js";
import { requireOnePlatform } from "./docker-tar.js";
import type { Exporter } from "./exporter.js";
import { imageResult, layoutContent } from "./layout-content.js";

/**
 * Returns the exporter of `type=oci,tar=false` and `type=docker,tar=false`: an OCI layout in a
 * directory. Keeps existing images. An image without a name is `latest`, as in BuildKit, so that
 * tools that want a tag find it.
 */
export function ociLayout(options: { readonly dest: string; readonly family?: "oci" | "docker" }): Exporter {
  const family = options.family ?? "oci";
  return {
    name: `exporting to ${family} image format`,
    async export(request, context) {
      if (family === "docker") requireOnePlatform(request);
      const image = assembleWithProgress(request, family, context);
      const content = layoutContent(image, request, context, { tag: "latest" });
      const total = content.blobs.reduce((sum, blob) => sum + blob.size, 0);
      await writeLayoutDirectory(content, options.dest, {
        signal: context.signal,
        onProgress: (bytes) => context.progress("copying blobs", bytes, total, bytes >= total),
      });
      return imageResult(image, request);
    },
  };
}
