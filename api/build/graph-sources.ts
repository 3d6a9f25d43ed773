import type { BuildContexts } from "../sources/build-contexts.js";
import type { ImageResolver } from "../sources/image-resolver.js";

/**
 * Origins of a graph's images and directories. The origins are known once the Dockerfile is read.
 */
export interface GraphSources {
  readonly contexts: Pick<BuildContexts, "tree" | "brought" | "hiddenBy">;
  readonly resolver: Pick<ImageResolver, "source" | "resolved">;
}
