import { hash } from "node:crypto";

/** Hex sha256 that identifies a result: definition keys and content keys share one space. */
export type CacheKey = string & { readonly __brand: "CacheKey" };

/** Part of every key: results of another format version are never found. */
const VERSION = "1";

/**
 * Returns the key of an operation over its inputs. `inputs` are keys of input results, or content
 * digests (marked `content:`) of the part that the operation reads.
 */
export function cacheKey(identity: string, inputs: readonly string[]): CacheKey {
  const parts = [VERSION, identity, ...inputs].map((part) => `${Buffer.byteLength(part)}:${part}`);
  return hash("sha256", parts.join(""), "hex") as CacheKey;
}

/** Returns the form in which a content digest enters a key. */
export function contentInput(digest: string): string {
  return `content:${digest}`;
}
