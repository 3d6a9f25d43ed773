import * as v from "valibot";
import type { Digest } from "../../core/digest.js";

/**
 * The config of a build cache in BuildKit's form (`cache/remotecache/v1` there). Layers are chains:
 * each names its parent by index. A record is a key; `layers` are the results it leads to. Members
 * called `tsbuild` are ours: BuildKit ignores members that it does not know.
 */
export const CACHE_CONFIG_TYPE = "application/vnd.buildkit.cacheconfig.v0";

/** Member of an image config that holds the records of an inline cache: base64 of their JSON. */
export const INLINE_CACHE = "moby.buildkit.cache.v0";

export interface CacheConfig {
  readonly layers: readonly CacheLayer[];
  readonly records: readonly CacheRecord[];
  /**
   * `explain` holds packed data for explanations of misses; see {@link
   * TransferContent.explanations}.
   */
  readonly tsbuild?: { readonly mounts?: readonly CacheMount[]; readonly explain?: string | undefined } | undefined;
}

export interface CacheLayer {
  readonly blob: Digest;
  /** Index of the layer below; -1 for none. BuildKit leaves 0 out. */
  readonly parent: number;
  /** Present where no manifest describes the blobs (object stores). */
  readonly annotations?: LayerAnnotations | undefined;
}

interface LayerAnnotations {
  readonly mediaType: string;
  readonly diffID: string;
  readonly size: number;
  /** RFC 3339; year 1 where the time is unknown. */
  readonly createdAt?: string | undefined;
}

export interface CacheRecord {
  /** `sha256:` and our key; in BuildKit's records the digest of an op. */
  readonly digest: string;
  /**
   * Possible records for each input of the op, by index, with the digest of the selection from it.
   * Records of our keys have none.
   */
  readonly inputs?: readonly (readonly { readonly selector?: string | undefined; readonly link: number }[])[] | undefined;
  readonly layers?: readonly { readonly layer: number; readonly createdAt?: string | undefined }[] | undefined;
  /**
   * Marks a record whose digest is one of our keys: the primary key of a result, or a further key
   * of the result with that primary key (hex).
   */
  readonly tsbuild?: { readonly name: string; readonly createdAt: string } | { readonly primary: string } | undefined;
}

export interface CacheMount {
  readonly id: string;
  readonly name: string;
  readonly blob: { readonly mediaType: string; readonly digest: string; readonly size: number };
}

const bytes = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const index = v.pipe(v.number(), v.integer(), v.minValue(-1));
const optional = <T extends v.GenericSchema>(schema: T) =>
  v.pipe(
    v.nullish(schema),
    v.transform((value) => value ?? undefined),
  );
const list = <T extends v.GenericSchema>(schema: T) => v.nullish(v.array(schema), () => []);

export const recordSchema = v.object({
  digest: v.string(),
  inputs: optional(v.array(list(v.object({ selector: optional(v.string()), link: v.pipe(v.number(), v.integer(), v.minValue(0)) })))),
  layers: optional(v.array(v.object({ layer: index, createdAt: optional(v.string()) }))),
  // A member that another version wrote is no reason to refuse the rest.
  tsbuild: v.fallback(
    v.optional(v.union([v.object({ name: v.string(), createdAt: v.string() }), v.object({ primary: v.string() })])),
    undefined,
  ),
});

export const configSchema = v.object({
  layers: list(
    v.object({
      blob: v.string(),
      parent: v.optional(index, 0),
      annotations: optional(v.object({ mediaType: v.string(), diffID: v.string(), size: bytes, createdAt: optional(v.string()) })),
    }),
  ),
  records: list(recordSchema),
  tsbuild: optional(
    v.object({
      mounts: list(
        v.object({ id: v.string(), name: v.string(), blob: v.object({ mediaType: v.string(), digest: v.string(), size: bytes }) }),
      ),
      explain: v.fallback(optional(v.string()), undefined),
    }),
  ),
});
