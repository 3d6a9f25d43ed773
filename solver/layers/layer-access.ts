import type { LayerId, LayerRecord } from "../../cache/contract/layers.js";
import type { Store } from "../../cache/store.js";
import type { FileTree, Toc } from "../../oci/layer/model/toc.js";
import type { BlobFile } from "./layer-fetcher.js";
import type { LayerTaskRunner, Reporter, Stack } from "./ports.js";

/** The forms of layers, as those ask for them who make layers of layers. {@link ./layer-service.ts} gives them. */
export interface LayerAccess {
  readonly store: Store;
  readonly tasks: LayerTaskRunner;
  /** What layers made by this build are clamped to (seconds since the epoch). */
  readonly epoch: number | undefined;
  record(id: LayerId): LayerRecord;
  /** Runs `body` with the layer's blob, which is fetched first where it is not here. */
  reading<T>(id: LayerId, reporter: Reporter, body: (file: BlobFile, signal: AbortSignal) => Promise<T>): Promise<T>;
  /** The table of contents of layer `index` of a stack. */
  toc(stack: Stack, index: number, reporter: Reporter): Promise<Toc>;
  /** The merged view of a stack. */
  view(stack: Stack, reporter: Reporter): Promise<FileTree>;
  /** The directory of a layer, unpacked. */
  snapshot(id: LayerId, reporter: Reporter): Promise<string>;
}
