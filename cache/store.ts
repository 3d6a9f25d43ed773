import type { Readable } from "node:stream";
import type { CacheKey } from "../core/cache-key.js";
import type { Digest } from "../core/digest.js";
import type { LayerBlob, Toc } from "../oci/layer/toc.js";
import type { Descriptor } from "../oci/types.js";

/**
 * The durable state of tsbuild, contracts first. One store is a directory, used by any number of processes at once; `openStore`
 * (open-store.ts) gives a handle. Layout below the root, which carries the format version:
 *
 *     v1/oci-layout, index.json, blobs/sha256/…   a valid OCI image layout
 *     v1/index.db                                  layers, results, images, leases (SQLite, WAL)
 *     v1/snapshots/<layer id>/fs                   a layer unpacked, in overlayfs form; owned by mapped ids
 *     v1/toc/<hex of diffID>                       tables of contents
 *     v1/stat/…  v1/memo/<kind>/…                  stat index shards; small derived values (parsed Dockerfiles …)
 *     v1/mounts/<hash>-<n>                          cache mounts
 *     v1/builds/<build id>/<n>.gz                   what the steps of a build printed
 *     v1/locks/…  v1/tmp/<owner>/…                 flock files; what a process has in flight
 *
 * Everything durable is written to a temporary name, verified and renamed, files before the rows that name them. kill -9 loses at most
 * what was in flight; the next process that opens the store for writing removes it.
 */
export interface Store {
  /** The store's directory without the format version, absolute. */
  readonly root: string;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly results: ResultIndex;
  readonly images: ImageIndex;
  readonly stats: StatIndex;
  readonly locks: Locks;
  /** Small derived values that may vanish at any time (parsed Dockerfiles, resolved references). */
  readonly memo: Memo;
  readonly leases: Leases;
  readonly builds: BuildHistory;
  readonly gc: Collector;
  /** A new directory of this process for short-lived files; removed on close, or by the next process after a crash. */
  temporaryDirectory(): string;
  /** Directory of a cache mount; made (empty) by the caller when missing. Registered for accounting, under `name` for people. */
  cacheMountPath(id: string, name?: string): string;
  /**
   * Trees left by crashed processes, or whose layer is gone; owned by mapped ids, so the caller lets the worker remove them and then calls
   * `forget`. Empty in the normal case and cheap to ask.
   */
  orphans(): readonly string[];
  forget(paths: readonly string[]): void;
  /** Writes the uses, gives back leases, locks of ownership and temporary files. Drafts that are open are discarded. Idempotent. */
  close(): void;
}

/**
 * Bytes named by digest. All methods may be called concurrently, also by other processes. What was written is kept from collection until
 * an image or layer refers to it, or the store is closed. A blob that turns out corrupt or missing when it is read is dropped together with
 * the results that cannot be had without it, so that the next build makes it again.
 */
export interface BlobStore {
  has(digest: Digest): boolean;
  /** Where the bytes are, whether or not they are there. */
  path(digest: Digest): string;
  /** Bytes of a stored blob. Throws `store/blob-missing`. */
  size(digest: Digest): number;
  /** For small blobs (manifests, configs): read and verified. Throws `store/blob-missing`, `store/blob-corrupt`. */
  readSmall(digest: Digest): Buffer;
  /** A verifying stream: errors with `store/blob-corrupt` at the end when the bytes do not match. */
  open(digest: Digest): Readable;
  /** Stores a small blob; idempotent. */
  writeSmall(data: string | Uint8Array): { readonly digest: Digest; readonly size: number };
  /**
   * Stores a stream. Verifies `expected` when given (digest and size) and throws `store/digest-mismatch` without keeping anything. Idempotent.
   * `onProgress` gets the bytes so far; `onFile` the file they are written to, which may be read while it grows, but proves nothing before the end.
   */
  ingest(
    source: AsyncIterable<Uint8Array>,
    expected?: { readonly digest?: Digest; readonly size?: number },
    options?: { readonly signal?: AbortSignal; readonly onProgress?: (bytes: number) => void; readonly onFile?: (path: string) => void },
  ): Promise<{ readonly digest: Digest; readonly size: number }>;
  /** A temporary file name on the blobs' filesystem, to be given to {@link adopt}. */
  temporaryPath(): string;
  /** Takes over a finished, already hashed file by renaming it. Idempotent. */
  adopt(path: string, digest: Digest): void;
  /** Drops the bytes whoever refers to them, and every result that cannot be had without them. Collection is {@link Collector}. */
  remove(digest: Digest): void;
  list(): Iterable<{ readonly digest: Digest; readonly size: number }>;
}

/** Short local name of a layer; also its snapshot folder. Small so that hundreds fit in one mount option string. */
export type LayerId = string & { readonly __brand: "LayerId" };

/** One layer in the store. What it lacks can be made from what it has: blob → snapshot, TOC; snapshot → blob, TOC. */
export interface LayerRecord {
  readonly id: LayerId;
  /** Known once it was packed, diffed, or named by an image config. */
  readonly diffId: Digest | undefined;
  /** Compressed form as a manifest names it. The bytes may still be at the registry. */
  readonly blob: Descriptor | undefined;
  /** Whether snapshots/<id>/fs is there and complete. */
  readonly unpacked: boolean;
  /** Where the blob can be fetched, for layers that are not here yet: canonical reference of an image, or a cache (transfer/origin.ts). */
  readonly origin: string | undefined;
  /** Milliseconds since the epoch: when the step that made it finished. Ends in the image's history. */
  readonly createdAt: number;
}

/** A layer being made by a step; vanishes unless it is committed. */
export interface LayerDraft {
  readonly id: LayerId;
  /** Empty directories, owned by this process's user, on one filesystem: for an overlay's upper and work. */
  readonly fs: string;
  readonly work: string;
  /** The snapshot in `fs` is complete. From now on it survives. */
  commitSnapshot(): LayerRecord;
  /** Drops it; `fs` becomes an orphan when it cannot be removed here. */
  discard(): void;
}

/** A layer whose bytes are, or may be, elsewhere. */
export interface RemoteLayer {
  readonly diffId: Digest;
  readonly blob: Descriptor;
  /** See {@link LayerRecord.origin}. */
  readonly origin: string | undefined;
  /** Milliseconds since the epoch: when a step on another machine made it. Default: now. */
  readonly createdAt?: number;
}

export interface LayerStore {
  get(id: LayerId): LayerRecord | undefined;
  /** The layer with this content, preferring one that is unpacked or whose blob is here. */
  byDiffId(diffId: Digest): LayerRecord | undefined;
  draft(): LayerDraft;
  /** Registers a base layer by what an image's manifest and config say; idempotent by diffID (a newer origin replaces an older one). */
  addRemote(layer: RemoteLayer): LayerRecord;
  /** Nothing can be fetched from there any more: layers that can be had in no other way go, with the results that stand on them. */
  forgetOrigin(origin: string): void;
  /** Registers a packed layer (blob and TOC), whose blob is in the blob store. Idempotent by diffID. */
  addPacked(blob: LayerBlob): LayerRecord;
  /** Records diffID and TOC of an unpacked layer after its diff. */
  setDiff(id: LayerId, toc: Toc): LayerRecord;
  /** Records the (possibly recompressed) blob of a layer whose diffID is known; the bytes are in the blob store. */
  setBlob(id: LayerId, blob: Descriptor): LayerRecord;
  snapshotPath(id: LayerId): string;
  /** A draft for unpacking an existing layer: commit makes its snapshot complete; when another process was faster, that one stays. */
  draftSnapshot(id: LayerId): LayerDraft;
  /** The TOC, when it is stored. Recently used ones are kept in memory. */
  toc(diffId: Digest): Toc | undefined;
  saveToc(toc: Toc): void;
  list(): Iterable<LayerRecord>;
}

/** What a step gave: a stack of layers, bottom first. */
export interface ResultRecord {
  readonly id: number;
  /** The key under which steps above it compute their own keys, however this result was found. */
  readonly primaryKey: CacheKey;
  readonly layers: readonly LayerId[];
  readonly createdAt: number;
  /** Name of the step and components of its key, for people and for explanations. */
  readonly name: string;
  readonly components: string;
  /** Id of the build that made it. */
  readonly build: string | undefined;
}

/** A result to be saved under `keys[0]`, its primary key, and the aliases. */
export interface NewResult {
  readonly keys: readonly [CacheKey, ...CacheKey[]];
  readonly layers: readonly LayerId[];
  readonly name: string;
  readonly components: string;
  readonly build?: string;
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
  get(id: number): ResultRecord | undefined;
}

/** Names of images. `index.json` of the layout follows every change. */
export interface ImageIndex {
  /**
   * `name` is canonical with tag: `docker.io/library/alpine:latest`; undefined is an image without a name. A name leads to one image: it is
   * taken from the one that had it. An image has names or is once without: naming it ends that. Throws `store/blob-missing` when the
   * target is not in the blob store.
   */
  set(name: string | undefined, target: Descriptor, createdAt: number): void;
  get(name: string): ImageEntry | undefined;
  /** By manifest, index or config digest, or a unique prefix of its hex of at least 4 digits. */
  find(digestPrefix: string): readonly ImageEntry[];
  /** Removes a name; the last name of an image leaves nothing behind. Answers what was removed. */
  remove(name: string): ImageEntry | undefined;
  /** Removes every entry with this target (manifest or index). */
  removeDigest(digest: Digest): readonly ImageEntry[];
  list(): readonly ImageEntry[];
}

export interface ImageEntry {
  readonly name: string | undefined;
  /** Manifest or index. */
  readonly target: Descriptor;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** Stat fields that tell whether a file changed; times in nanoseconds. */
export interface FileStat {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/**
 * Content digests of local files by (device, inode), so that unchanged files are not read again. One shard per walked root is loaded at once.
 * A file whose mtime or ctime is younger than the shard's clock tick at the time it was hashed is distrusted (it could still change
 * without its times changing).
 */
export interface StatIndex {
  /** Loads the shard of a root directory (absolute path). */
  shard(root: string): StatShard;
}

export interface StatShard {
  get(stat: FileStat): Digest | undefined;
  /** `hashedAtNs`: wall clock before the file was opened for hashing. */
  set(stat: FileStat, digest: Digest, hashedAtNs: bigint): void;
  /** Writes the shard when something was added, dropping entries not seen through get or set since it was loaded. */
  save(): void;
}

/** Locks between processes (flock): given back by the kernel when their owner dies. */
export interface Locks {
  /** Waits for the lock; `onWait` is called once when it has to. Rejects with CanceledError on abort. */
  acquire(name: string, options?: { readonly signal?: AbortSignal; readonly onWait?: () => void }): Promise<Lock>;
  /** The lock, or undefined when somebody has it. */
  tryAcquire(name: string): Lock | undefined;
}

export interface Lock {
  release(): void;
}

export interface Memo {
  /** Every value of a kind, in no order. */
  list(kind: string): Iterable<Buffer>;
  get(kind: string, key: string): Buffer | undefined;
  set(kind: string, key: string, value: string | Uint8Array): void;
}

/** What a lease can keep. Ids: a blob's digest, a layer's id, a result's id, a cache mount's id. */
export type LeaseKind = "blob" | "layer" | "result" | "mount";

/**
 * What running processes need and collection therefore leaves alone. Blobs and layers that a store handle writes, and results it saves, are
 * leased by it at once, and results it looks up, until it is closed. A blob that is only read is held first.
 * A lease ends with its process, however that ends.
 */
export interface Leases {
  /** Keeps these and all they refer to. One commit however many. Answers those that are there; the others are not held. */
  hold(kind: LeaseKind, ids: readonly (string | number)[]): Lease;
}

export interface Lease {
  readonly held: readonly string[];
  /** Idempotent. */
  release(): void;
}

/** What is known of a build once it has ended, without its details. */
export interface BuildSummary {
  /** Letters and digits; unique. */
  readonly id: string;
  /** Milliseconds since the epoch: when it began. */
  readonly createdAt: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly status: "completed" | "failed" | "canceled";
  /** Directory or address. */
  readonly context: string;
  readonly dockerfile: string;
  readonly target: string | undefined;
  /** Names the result was given. */
  readonly names: readonly string[];
  /** Digest of the image's config. */
  readonly imageId: string | undefined;
  readonly steps: number;
  readonly executed: number;
  readonly cached: number;
  readonly warnings: number;
}

export interface BuildRecord extends BuildSummary {
  /** Everything else as JSON, for whoever wrote it. */
  readonly detail: string;
}

/** How much history is kept: a build goes when it exceeds any of the three. */
export interface HistoryLimits {
  /** Builds. Default 500. */
  readonly builds: number;
  /** Milliseconds. Default 90 days. */
  readonly age: number;
  /** Bytes of compressed logs. Default 256 MiB. */
  readonly bytes: number;
}

/**
 * Builds that have ended, the oldest of which go when the limits are exceeded. Everything here may fail for want of room or rights, and
 * nothing here is needed by a build.
 */
export interface BuildHistory {
  /** A place for what the steps of a build that begins print. Nothing is made before the first byte. */
  logs(): BuildLogs;
  /** Keeps a build with its logs, and drops what exceeds the limits. */
  add(build: BuildRecord, logs: BuildLogs): void;
  /** Newest first. */
  list(): readonly BuildSummary[];
  get(id: string): BuildRecord | undefined;
  /** What step `index` of the build printed; undefined when it printed nothing. */
  openLog(id: string, index: number): Readable | undefined;
  /** Answers how many of them there were. */
  remove(ids: readonly string[]): number;
}

/** The logs of one build while it runs. */
export interface BuildLogs {
  /** Appends to the log of step `index`, at once: nothing piles up in memory. */
  write(index: number, data: Uint8Array): void;
  /** The step prints no more: its log is compressed beside what follows. */
  end(index: number): void;
  /** Ends every log and waits until all are on disk. */
  finish(): Promise<void>;
  /** Drops everything. Idempotent. */
  discard(): void;
}

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
  /** Tells the size of snapshots that {@link usage} could not look into, by their ids; from now on it is known. */
  remember(snapshots: ReadonlyMap<string, number>): void;
  /**
   * Whether the store, with what this handle wrote, takes more than so many bytes and collecting may help: by running totals, cheap. True as
   * well when nobody knows.
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
  /** Cleans up after processes that died. Every handle does so before its first write. */
  recover(): void;
  /** Everything that is wrong with the store as sentences; empty when all is well. Reads all metadata, and with `content` all bytes. */
  verify(options?: { readonly content?: boolean }): readonly string[];
}
