import { bool, int64, many, one, openMessage, string, strings } from "../../../llb/wire/message.js";
import { method } from "../grpc/method.js";
import { TIMESTAMP } from "./common.js";

/** The methods of `moby.buildkit.v1.Control` that show and free the room of a builder's cache. */

export const USAGE_RECORD = openMessage("UsageRecord", {
  ID: string(1),
  Mutable: bool(2),
  InUse: bool(3),
  Size: int64(4),
  CreatedAt: one(6, TIMESTAMP),
  LastUsedAt: one(7, TIMESTAMP),
  UsageCount: int64(8),
  Description: string(9),
  RecordType: string(10),
  Shared: bool(11),
  Parents: strings(12),
});

/** Times are nanoseconds, space is bytes; 0 asks for nothing. */
export const PRUNE_REQUEST = openMessage("PruneRequest", {
  filter: strings(1),
  all: bool(2),
  keepDuration: int64(3),
  reservedSpace: int64(4),
  maxUsedSpace: int64(5),
  minFreeSpace: int64(6),
});

export const DISK_USAGE = method(
  "/moby.buildkit.v1.Control/DiskUsage",
  openMessage("DiskUsageRequest", { filter: strings(1), ageLimit: int64(2) }),
  openMessage("DiskUsageResponse", { record: many(1, USAGE_RECORD) }),
);

export const PRUNE = method("/moby.buildkit.v1.Control/Prune", PRUNE_REQUEST, USAGE_RECORD);
