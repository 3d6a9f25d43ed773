import type { Attributes } from "../../core/attributes.js";
import type { OnWait } from "../../net/limits.js";
import type { Environment } from "../../net/proxy.js";
import type { RegistryClient } from "../../oci/registry/client.js";
import type { Descriptor } from "../../oci/types.js";
import type { TransferContent } from "./content.js";
import type { CacheHttp } from "./http.js";
import type { CacheOrigin } from "./origin.js";

export interface TransferOptions {
  readonly signal: AbortSignal;
  /** Called for every wait for the service. */
  readonly onWait?: OnWait | undefined;
}

/** A place that a cache is read from. */
export interface CacheSource {
  /** Display name, e.g. `registry ghcr.io/org/app:cache`. */
  readonly name: string;
  /** Origin that is recorded for layers of this cache, see {@link ./origin.ts}. */
  readonly origin: string;
  /**
   * Loads the small part: keys and descriptors, no layers. Resolves to undefined when there is no
   * cache.
   */
  load(options: TransferOptions): Promise<TransferContent | undefined>;
  /** Yields the bytes of a layer or mount. The reader verifies them. */
  blob(descriptor: Descriptor, options: TransferOptions): AsyncIterable<Uint8Array>;
}

/** A blob that is sent to a cache. */
export interface OutgoingBlob {
  readonly descriptor: Descriptor;
  /** Opens the bytes again for each attempt. Not called when the cache has the blob already. */
  open(): AsyncIterable<Uint8Array>;
  /** Registry origin of the blob, if any. */
  readonly origin: string | undefined;
}

/**
 * A place that a cache is written to. Blobs are sent first, several at once; then `finish` makes
 * the cache visible atomically.
 */
export interface CacheTarget {
  /** Display name, e.g. `registry ghcr.io/org/app:cache`. */
  readonly name: string;
  /** Stores a blob unless the cache has it. */
  put(blob: OutgoingBlob, options: TransferOptions & { readonly onProgress?: (bytes: number) => void }): Promise<void>;
  finish(content: TransferContent, options: TransferOptions): Promise<void>;
}

/** Services of a build that backends use. */
export interface BackendContext {
  readonly env: Environment;
  /** Returns a client. `insecure` lists hosts whose certificates are not checked. */
  readonly registry: (insecure: readonly string[]) => Promise<RegistryClient>;
  readonly http: CacheHttp;
}

/** The program of a type of cache. A place that does not exist here is undefined. */
export interface Backend<From, To, Found = From> {
  /** Opens the place that a cache is read from. */
  source?(options: From, context: BackendContext): CacheSource | undefined;
  /**
   * Throws when no cache can be written with these options, as UsageError where they are at fault.
   * Called before anything is built.
   */
  check?(options: To, env: Environment): void;
  /** Opens the place that a cache is written to. */
  target?(options: To, context: BackendContext): CacheTarget | undefined;
  /**
   * Returns the options that find a layer by the origin that {@link CacheSource.origin} recorded.
   */
  origin?(origin: CacheOrigin): Found;
}

/**
 * A type of cache: its attributes, and its program, which is loaded when a build has such a cache.
 */
export interface CacheType {
  readonly type: string;
  /**
   * Attributes of a cache that is read, and of one that is written. A type without `from` cannot be
   * read, and one without `to` cannot be written.
   */
  readonly attributes: { readonly from?: Attributes; readonly to?: Attributes };
  /** Type with which a cache is read that cannot be read with its own. */
  readonly readAs?: string;
  /** Values that are refused, each with the reason and the way out. */
  readonly refuses?: readonly { readonly key: string; readonly value: string; readonly found: string; readonly hint: string }[];
  /** Returns the program. A cache without a program is no place of its own. */
  readonly load?: () => Promise<Backend<never, never, unknown>>;
}
