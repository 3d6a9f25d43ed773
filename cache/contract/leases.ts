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
