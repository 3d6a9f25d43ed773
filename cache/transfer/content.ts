import type { CacheKey } from "../../core/cache-key.js";
import type { Digest } from "../../core/digest.js";
import type { Descriptor } from "../../oci/types.js";

/** A layer as it travels. Its descriptor has no annotations: what they would say stands beside it. */
export interface TransferLayer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
  /** Milliseconds since the epoch; undefined when nobody said. */
  readonly createdAt: number | undefined;
}

/** What a step gave, and the keys it is found under, the primary first. */
export interface TransferResult {
  readonly keys: readonly [CacheKey, ...CacheKey[]];
  /** Of the step. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Bottom first. */
  readonly layers: readonly TransferLayer[];
}

/** The content of a cache mount as a tar. */
export interface TransferMount {
  /** As the Dockerfile names it. */
  readonly id: string;
  /** Of its directory in a store: id, owner and mode in one. */
  readonly name: string;
  readonly blob: Descriptor;
}

/** Everything one cache holds. */
export interface TransferContent {
  readonly results: readonly TransferResult[];
  readonly mounts: readonly TransferMount[];
}

/** Media type of a cache mount's blob, without the suffix of its compression. */
export const CACHE_MOUNT_TYPE = "application/vnd.tsbuild.cache-mount.v1.tar";

/** Each layer once, by the digest of its blob. */
export function layersOf(content: Pick<TransferContent, "results">): readonly TransferLayer[] {
  return [...new Map(content.results.flatMap((result) => result.layers.map((layer) => [layer.blob.digest, layer] as const))).values()];
}
