/** Kinds of leased parts. Ids: a blob's digest, a layer's id, a result's id, a cache mount's id. */
export type LeaseKind = "blob" | "layer" | "result" | "mount";

/**
 * Parts that running processes need and that collection therefore keeps. A store handle leases the
 * blobs and layers that it writes, and the results that it saves or looks up, at once, until it is
 * closed. A blob that is only read must be held first. A lease ends with its process, however that
 * ends.
 */
export interface Leases {
  /**
   * Leases these parts and everything they refer to, in one commit. Returns the existing ones;
   * absent ones get no lease.
   */
  hold(kind: LeaseKind, ids: readonly (string | number)[]): Lease;
}

export interface Lease {
  readonly held: readonly string[];
  /** Releases the lease. Idempotent. */
  release(): void;
}
