import { hash } from "node:crypto";

/** Hex sha256 that identifies a result: definition keys and content keys share one space. */
export type CacheKey = string & { readonly __brand: "CacheKey" };

/** Part of every key: results of another format version are never found. */
const VERSION = "1";

/**
 * The key of an operation over its inputs. `inputs` are keys of input results, or content digests (marked `content:`) of the part the
 * operation reads.
 */
export function cacheKey(identity: string, inputs: readonly string[]): CacheKey {
  const parts = [VERSION, identity, ...inputs].map((part) => `${Buffer.byteLength(part)}:${part}`);
  return hash("sha256", parts.join(""), "hex") as CacheKey;
}

/** How a content digest stands in a key. */
export function contentInput(digest: string): string {
  return `content:${digest}`;
}
