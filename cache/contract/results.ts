import type { CacheKey } from "../../core/cache-key.js";
import type { LayerId } from "./layers.js";

/** Where a result comes from. */
export interface ResultSource {
  /** Of its record; undefined while only a cache elsewhere has it. */
  readonly id: number | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
  /** Id of the build that made it. */
  readonly build: string | undefined;
  /** Whether another machine made it. */
  readonly imported: boolean;
}

/** What a step gave: a stack of layers, bottom first. */
export interface ResultRecord extends ResultSource {
  readonly id: number;
  /** The key under which steps above it compute their own keys, however this result was found. */
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
  /** Another machine made it. */
  readonly imported?: true;
  /** What the step belongs to (a Dockerfile in a context): results of one origin can be compared. */
  readonly origin?: string;
  /** Milliseconds since the epoch, for a result that was made elsewhere. Default: now. */
  readonly createdAt?: number;
}

/**
 * From cache key to result. A result is found under its primary key and any number of aliases. A lookup never gives a result whose layers
 * are gone. Every lookup that hits counts as a use (for collection); uses are written in batches on close.
 */
export interface ResultIndex {
  lookup(key: CacheKey): ResultRecord | undefined;
  /** When the primary key exists already, that record stays and gets the aliases. */
  save(result: NewResult): ResultRecord;
  /** From now on `key` leads to this result, whatever it led to before. */
  alias(id: number, key: CacheKey): void;
  /** Replaces what a key led to (`--no-cache`). */
  replace(result: NewResult): ResultRecord;
  /** Names of the steps of an origin that have results, used last first; at most 2,000. */
  steps(origin: string): readonly { readonly id: number; readonly name: string }[];
  /** The same of all origins, at most 5,000. */
  recentSteps(): readonly { readonly origin: string; readonly name: string }[];
  get(id: number): ResultRecord | undefined;
  /** What is known of the result behind a key. Unlike {@link lookup} this is no use of it: nothing is leased, and its layers may be gone. */
  peek(key: CacheKey): ResultSource | undefined;
}
