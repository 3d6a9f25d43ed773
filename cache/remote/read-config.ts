import type { CacheKey } from "../../core/cache-key.js";
import { type Digest, digestHex, isDigest } from "../../core/digest.js";
import * as v from "valibot";
import { check, parseJson } from "../../oci/validate.js";
import { type CacheRecord, configSchema, recordSchema } from "./config.js";
import type { KeyRecord, TransferContent, TransferLayer, TransferMount, TransferResult } from "./content.js";

/** Largest cache config that is read, in bytes. BuildKit itself reads none above 1 MiB. */
export const MAX_CONFIG_SIZE = 32 << 20;

/**
 * Layers in a chain, twice the number that one mount can stack. Without a limit, a few bytes of a
 * config would stand for any number of layers.
 */
const MAX_CHAIN = 1000;

/**
 * Reads a cache config. `describe` returns the layer of a blob when the config does not describe
 * it. Records whose layers are not described lead to no result. Throws `image/invalid` when it is
 * no config.
 */
export function readConfig(data: Uint8Array, what: string, describe: (blob: string) => TransferLayer | undefined): TransferContent {
  const config = check(configSchema, parseJson(data, what), what);
  const layers = config.layers.map(({ blob, annotations }): TransferLayer | undefined => {
    if (!annotations) return describe(blob);
    const { mediaType, size, diffID, createdAt } = annotations;
    if (!isDigest(blob) || !isDigest(diffID)) return undefined;
    return { blob: { mediaType, digest: blob, size }, diffId: diffID, createdAt: parseTime(createdAt) };
  });
  const chain = (index: number): readonly TransferLayer[] | undefined => {
    const found: TransferLayer[] = [];
    for (let at = index; at !== -1; at = (config.layers[at] as (typeof config.layers)[number]).parent) {
      const layer = layers[at];
      // This also ends a ring of parents.
      if (!layer || found.length === MAX_CHAIN) return undefined;
      found.push(layer);
    }
    return found.reverse();
  };
  return {
    ...readRecords(config.records, chain),
    mounts: (config.tsbuild?.mounts ?? []).flatMap(mountOf),
    ...explanationsOf(config.tsbuild?.explain),
  };
}

function explanationsOf(explain: string | undefined): Pick<TransferContent, "explanations"> {
  return explain === undefined ? {} : { explanations: [explain] };
}

type Chain = (index: number) => readonly TransferLayer[] | undefined;

/** Reads the records of an inline cache of the image with these layers. */
export function readInlineRecords(base64: string, stack: readonly TransferLayer[], what: string): TransferContent {
  const records = check(v.array(recordSchema), parseJson(Buffer.from(base64, "base64"), what), what);
  return { ...readRecords(records, (index) => (index >= 0 && index < stack.length ? stack.slice(0, index + 1) : undefined)), mounts: [] };
}

function readRecords(records: readonly CacheRecord[], chain: Chain): Omit<TransferContent, "mounts"> {
  // A cache of tsbuild has everything under our keys too.
  if (records.some((record) => record.tsbuild)) return { results: resultsOf(records, chain) };
  return { results: [], records: records.map((record) => keyRecord(record, chain)) };
}

function keyRecord({ digest, inputs = [], layers = [] }: CacheRecord, chain: Chain): KeyRecord {
  const results = layers.flatMap(({ layer, createdAt }) => {
    const found = chain(layer);
    return found ? [{ layers: found, createdAt: parseTime(createdAt) ?? 0 }] : [];
  });
  const newest = results.reduce<(typeof results)[number] | undefined>(
    (best, result) => (best && best.createdAt >= result.createdAt ? best : result),
    undefined,
  );
  return { digest, inputs: inputs.map((links) => links.map(({ selector = "", link }) => ({ selector, record: link }))), result: newest };
}

function resultsOf(records: readonly CacheRecord[], chain: Chain): TransferResult[] {
  const results = new Map<string, TransferResult>();
  for (const { digest, layers, tsbuild } of records) {
    if (!tsbuild || "primary" in tsbuild || !isDigest(digest)) continue;
    const stack = layers?.[0] ? chain(layers[0].layer) : [];
    if (!stack) continue;
    const { name, createdAt } = tsbuild;
    results.set(digest, { keys: [keyOf(digest)], name, createdAt: parseTime(createdAt) ?? 0, layers: stack });
  }
  for (const { digest, tsbuild } of records) {
    const result = tsbuild && "primary" in tsbuild ? results.get(`sha256:${tsbuild.primary}`) : undefined;
    if (result && isDigest(digest)) results.set(`sha256:${result.keys[0]}`, { ...result, keys: [...result.keys, keyOf(digest)] });
  }
  return [...results.values()];
}

function keyOf(digest: Digest): CacheKey {
  return digestHex(digest) as CacheKey;
}

function mountOf({
  id,
  name,
  blob: { mediaType, digest, size },
}: {
  id: string;
  name: string;
  blob: { mediaType: string; digest: string; size: number };
}): TransferMount[] {
  return isDigest(digest) ? [{ id, name, blob: { mediaType, digest, size } }] : [];
}

/**
 * Reads a RFC 3339 time as milliseconds since the epoch. Go's zero time (year 1) stands for none.
 */
export function parseTime(text: string | undefined): number | undefined {
  const time = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(time) || time <= 0 ? undefined : time;
}
