import type { CacheKey } from "../../core/cache-key.js";
import type { LayerId } from "./layers.js";

/** Origin of a result. */
export interface ResultSource {
  /** Id of the record; undefined while only a remote cache has the result. */
  readonly id: number | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Id of the build that made it. */
  readonly build: string | undefined;
  /** True when another machine made it. */
  readonly imported: boolean;
}

/** Result of a step: a stack of layers, bottom first. */
export interface ResultRecord extends ResultSource {
  readonly id: number;
  /** The key from which steps above compute their own keys, however this result was found. */
  readonly primaryKey: CacheKey;
  readonly layers: readonly LayerId[];
  /** Name of the step and components of its key, for people and for explanations. */
  readonly name: string;
  readonly components: string;
}

/** A result to be saved under `keys[0]`, its primary key, and the aliases. */
export interface NewResult {
  readonly keys: readonly [CacheKey, ...CacheKey[]];
  readonly layers: readonly LayerId[];
  readonly name: string;
  readonly components: string;
  readonly build?: string;
  /** Set when another machine made it. */
  readonly imported?: true;
  /** Group of the step (a Dockerfile in a context): results of one origin can be compared. */
  readonly origin?: string;
  /** Milliseconds since the epoch, for a result of another machine. Default: now. */
  readonly createdAt?: number;
}

/**
 * Index from cache key to result. A result is found under its primary key and any number of
 * aliases. A lookup never returns a result whose layers are gone. Every hit counts as a use (for
 * collection); uses are written in batches on close.
 */
export interface ResultIndex {
  lookup(key: CacheKey): ResultRecord | undefined;
  /** Leases the results of keys that are going to be looked up, in one commit. */
  expect(keys: readonly CacheKey[]): void;
  /**
   * Saves a result. When the primary key exists already, that record stays and gets the aliases.
   */
  save(result: NewResult): ResultRecord;
  /** Makes `key` lead to this result from now on. */
  alias(id: number, key: CacheKey): void;
  /** Replaces the result of a key (`--no-cache`). */
  replace(result: NewResult): ResultRecord;
  /** Returns the steps of an origin that have results, used last first; at most 2,000. */
  steps(origin: string): readonly { readonly id: number; readonly name: string }[];
  /** Returns the steps of all origins, used last first; at most 5,000. */
  recentSteps(): readonly { readonly origin: string; readonly name: string }[];
  get(id: number): ResultRecord | undefined;
  /**
   * Returns the source of the result behind a key. Unlike {@link lookup} this does not count as a
   * use: nothing is leased, and the layers may be gone.
   */
  peek(key: CacheKey): ResultSource | undefined;
}
