import type { CacheKey } from "../../core/cache-key.js";
import type { Digest } from "../../core/digest.js";
import type { Descriptor } from "../../oci/types.js";

/** A layer in a remote cache. Its descriptor has no annotations: their values stand beside it. */
export interface TransferLayer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
  /** Milliseconds since the epoch; undefined when unknown. */
  readonly createdAt: number | undefined;
}

/** Result of a step, with its keys, the primary first. */
export interface TransferResult {
  readonly keys: readonly [CacheKey, ...CacheKey[]];
  /** Name of the step. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Components of its primary key, for explanations; undefined when the cache has none. */
  readonly components?: string;
  /** Layers, bottom first. */
  readonly layers: readonly TransferLayer[];
}

/**
 * A key in BuildKit's form: the digest of an operation, and for each of its inputs the possible
 * records, each with a selector (a digest; empty selects all of it). Records without inputs are
 * sources and contents.
 */
export interface KeyRecord {
  readonly digest: string;
  readonly inputs: readonly (readonly { readonly selector: string /** Index. */; readonly record: number }[])[];
  /** Result of the operation; undefined where the record only leads to others. */
  readonly result: Pick<TransferResult, "layers" | "createdAt"> | undefined;
}

/** The content of a cache mount as a tar. */
export interface TransferMount {
  /** Id in the Dockerfile. */
  readonly id: string;
  /** Name of its directory in a store, made of id, owner and mode. */
  readonly name: string;
  readonly blob: Descriptor;
}

/** Everything one cache holds. */
export interface TransferContent {
  readonly results: readonly TransferResult[];
  /**
   * Records that BuildKit wrote, or shall find. Their results only have layers that `results` have
   * too.
   */
  readonly records?: readonly KeyRecord[];
  readonly mounts: readonly TransferMount[];
  /**
   * Components of keys, redacted and packed by the explainer: of each cache that was read, or of
   * the cache that is written.
   */
  readonly explanations?: readonly string[];
}

/** Media type of a cache mount's blob, without the suffix of its compression. */
export const CACHE_MOUNT_TYPE = "application/vnd.tsbuild.cache-mount.v1.tar";

/** Returns each layer once, by the digest of its blob. */
export function layersOf(content: Pick<TransferContent, "results">): readonly TransferLayer[] {
  return [...new Map(content.results.flatMap((result) => result.layers.map((layer) => [layer.blob.digest, layer] as const))).values()];
}

/**
 * Joins several caches; returns undefined when there are none. Renumbers the links between records.
 */
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
