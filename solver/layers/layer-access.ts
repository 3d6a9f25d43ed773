import type { LayerId, LayerRecord } from "../../cache/contract/layers.js";
import type { Store } from "../../cache/store.js";
import type { FileTree, Toc } from "../../oci/layer/model/toc.js";
import type { BlobFile } from "./layer-fetcher.js";
import type { LayerTaskRunner, Reporter, Stack } from "./ports.js";

/**
 * Access to the forms of layers, for code that makes layers of layers. {@link ./layer-service.ts}
 * implements it.
 */
export interface LayerAccess {
  readonly store: Store;
  readonly tasks: LayerTaskRunner;
  /** Seconds since the epoch to which times in this build's layers are clamped. */
  readonly epoch: number | undefined;
  record(id: LayerId): LayerRecord;
  /** Runs `body` with the layer's blob, and fetches it first where it is not here. */
  reading<T>(id: LayerId, reporter: Reporter, body: (file: BlobFile, signal: AbortSignal) => Promise<T>): Promise<T>;
  /** Returns the table of contents of layer `index` of a stack. */
  toc(stack: Stack, index: number, reporter: Reporter): Promise<Toc>;
  /** Returns the merged view of a stack. */
  view(stack: Stack, reporter: Reporter): Promise<FileTree>;
  /** Takes files out of the layer's blob. Returns the path of each temporary file. */
  files(id: LayerId, paths: readonly string[], reporter: Reporter): Promise<(path: string) => string>;
  /** Returns the directory of a layer, unpacked. */
  snapshot(id: LayerId, reporter: Reporter): Promise<string>;
}
