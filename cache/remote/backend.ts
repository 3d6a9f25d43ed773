import type { OnWait } from "../../net/limits.js";
import type { Descriptor } from "../../oci/types.js";
import type { TransferContent } from "./content.js";

export interface TransferOptions {
  readonly signal: AbortSignal;
  /** Told of every wait for the service. */
  readonly onWait?: OnWait | undefined;
}

/** A place that a cache is read from. */
export interface CacheSource {
  /** As people know it. */
  readonly name: string;
  /** How layers that come from here remember it, see {@link ./origin.ts}. */
  readonly origin: string;
  /** The small part: keys and descriptors, no layers. Undefined when there is no cache. */
  load(options: TransferOptions): Promise<TransferContent | undefined>;
  /** Bytes of a layer or mount; the reader verifies them. */
  blob(descriptor: Descriptor, options: TransferOptions): AsyncIterable<Uint8Array>;
}

/** A blob on its way out. */
export interface OutgoingBlob {
  readonly descriptor: Descriptor;
  /** Opens the bytes anew for each attempt; not called when the blob is there already. */
  open(): AsyncIterable<Uint8Array>;
  /** Where it came from, when it came from a registry. */
  readonly origin: string | undefined;
}

/** A place that a cache is written to. Blobs first, several at once; then `finish`, which makes the cache visible at once. */
export interface CacheTarget {
  /** As people know it. */
  readonly name: string;
  /** Stores a blob unless it is there. */
  put(blob: OutgoingBlob, options: TransferOptions & { readonly onProgress?: (bytes: number) => void }): Promise<void>;
  finish(content: TransferContent, options: TransferOptions): Promise<void>;
}
