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
  /** What its primary key was made of, for explanations; undefined when the cache does not say. */
  readonly components?: string;
  /** Bottom first. */
  readonly layers: readonly TransferLayer[];
}

/**
 * A key as BuildKit keeps it: the digest of an operation, and for each of its inputs the records that it may be, seen through a selector (a digest;
 * empty: all of it). Records without inputs are sources and contents.
 */
export interface KeyRecord {
  readonly digest: string;
  readonly inputs: readonly (readonly { readonly selector: string /** Index. */; readonly record: number }[])[];
  /** What the operation gave; undefined where the record only leads to others. */
  readonly result: Pick<TransferResult, "layers" | "createdAt"> | undefined;
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
  /** What BuildKit left, or is to find; then their results have no layers that `results` do not have. */
  readonly records?: readonly KeyRecord[];
  readonly mounts: readonly TransferMount[];
  /** What keys were made of, veiled and packed by whoever explains; of each cache that was read, or of the one that is written. */
  readonly explanations?: readonly string[];
}

/** Media type of a cache mount's blob, without the suffix of its compression. */
export const CACHE_MOUNT_TYPE = "application/vnd.tsbuild.cache-mount.v1.tar";

/** Each layer once, by the digest of its blob. */
export function layersOf(content: Pick<TransferContent, "results">): readonly TransferLayer[] {
  return [...new Map(content.results.flatMap((result) => result.layers.map((layer) => [layer.blob.digest, layer] as const))).values()];
}

/** Several caches as one; undefined when there are none. Links between records move along. */
export function joinContents(contents: readonly TransferContent[]): TransferContent | undefined {
  if (contents.length === 0) return undefined;
  let before = 0;
  const records = contents.flatMap(({ records: all = [] }) => {
    const offset = before;
    before += all.length;
    const moved = (links: KeyRecord["inputs"][number]) => links.map((link) => ({ ...link, record: link.record + offset }));
    return all.map((record) => ({ ...record, inputs: record.inputs.map(moved) }));
  });
  const explanations = contents.flatMap((content) => content.explanations ?? []);
  return {
    results: contents.flatMap(({ results }) => results),
    mounts: contents.flatMap(({ mounts }) => mounts),
    records,
    ...(explanations.length === 0 ? {} : { explanations }),
  };
}
