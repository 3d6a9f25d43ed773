import type { Digest } from "../../core/digest.js";

/** Disk usage in bytes of real blocks (what `du` counts), by what the bytes are for. */
export interface Usage {
  readonly kind: "blob" | "snapshot" | "toc" | "mount" | "other";
  readonly id: string;
  readonly path: string;
  readonly bytes: number;
  /** What it is, for people: the step that made a layer, the image that a manifest is of. */
  readonly name: string | undefined;
  /** Milliseconds since the epoch; of what uses it last. */
  readonly lastUsedAt: number | undefined;
  readonly usedBy: UsedBy;
  /** Whether collection leaves it alone as long as it is not told to drop results or mounts. */
  readonly inUse: boolean;
  /** False when directories of mapped ids could not be looked into from here: the bytes are then a lower bound. */
  readonly complete: boolean;
}

/** Why something is kept. */
export interface UsedBy {
  /** Names, or digests of those without; sorted. */
  readonly images: readonly string[];
  /** It describes a base image that a build asked a registry for: kept as long as that is remembered, so that the next needs no network. */
  readonly base: boolean;
  /** Cached steps that stand on it. */
  readonly steps: number;
  /** Whether a running process uses it. */
  readonly running: boolean;
}

/** A cached step, a cache mount, or an image without a name, that may go. */
export interface Candidate {
  readonly kind: "result" | "mount" | "image";
  readonly id: string;
  /** Of the step, or the mount's id in the Dockerfile, or the image's digest. */
  readonly name: string;
  /** Milliseconds since the epoch. */
  readonly usedAt: number;
  /** An image is made of all its layers. */
  readonly shared: boolean;
}

/** What may go. Without any member only what nothing refers to goes. What running processes use never goes. */
export interface CollectPolicy {
  /** What was not used for this many milliseconds: results, and what the next members add. 0: all, also the default with `keepBytes`. */
  readonly unusedFor?: number;
  /** They go, least recently used first, only until the store takes at most this many bytes. */
  readonly keepBytes?: number;
  readonly mounts?: boolean;
  /** Images without a name. */
  readonly images?: boolean;
  /** Results that images are made of stay. */
  readonly keepShared?: boolean;
  /** Only these. */
  readonly only?: (candidate: Candidate) => boolean;
}

export interface CollectOptions {
  /** Say what would go. */
  readonly dryRun?: boolean;
}

export interface CollectReport {
  readonly removed: readonly Removed[];
  readonly bytes: number;
}

export interface Removed {
  readonly kind: Usage["kind"] | "result" | "layer" | "image";
  readonly id: string;
  readonly name: string | undefined;
  readonly bytes: number;
  /** `unreferenced`: nothing refers to it (any more). `unused`: not for as long as was asked. `space`: to make room. */
  readonly why: "unreferenced" | "unused" | "space";
  /** Milliseconds since the epoch, of results, mounts and images. */
  readonly usedAt: number | undefined;
}

/**
 * Accounting and collection. References: image → blobs; result → layers → blob, snapshot, TOC; lease → any of them. Rows go before files, so a
 * crash leaves garbage and never a dangling reference. Safe beside running builds.
 */
export interface Collector {
  usage(): readonly Usage[];
  /** Tells the size in bytes of parts that {@link usage} could not look into. */
  remember(sizes: ReadonlyMap<Usage, number>): void;
  /**
   * Whether the store, with what this handle wrote, takes more than so many bytes and collecting may help: by running totals, cheap. True as
   * well when nobody knows, or when so much of the disk was used up since everything was measured that it might be.
   */
  exceeds(bytes: number): boolean;
  /**
   * Policies are carried out one after the other. Snapshots that cannot be removed from here become orphans: let the worker remove
   * `store.orphans()` afterwards.
   */
  collect(policy?: CollectPolicy | readonly CollectPolicy[], options?: CollectOptions): CollectReport;
  /** Nothing more can be had: {@link exceeds} is false until the store takes more than this many bytes. 0 undoes that. */
  settle(collectAbove: number): void;
  /** Removes blobs that nothing refers to among those reachable from these (`rmi`). Answers what was removed. */
  sweepBlobs(from: readonly Digest[]): readonly Digest[];
  /** Cleans up after processes that died, as far as something can be written. Every handle does so before its first write. */
  recover(): void;
  /** Everything that is wrong with the store as sentences; empty when all is well. Reads all metadata, and with `content` all bytes. */
  verify(options?: { readonly content?: boolean }): readonly string[];
}
