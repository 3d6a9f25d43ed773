import type { Usage } from "../../cache/contract/collector.js";
import { MILLISECOND } from "../../core/go-values/duration.js";
import type { ValueOf } from "../../llb/wire/message.js";
import { type Served, single, streaming } from "../../solver/buildkit/grpc/server.js";
import { timestampOf } from "../../solver/buildkit/messages/common.js";
import { DISK_USAGE, PRUNE, type PRUNE_REQUEST, type USAGE_RECORD } from "../../solver/buildkit/messages/usage.js";
import type { PruneCandidate, PrunedItem, PrunePolicy, PruneReport } from "../options/disk-types.js";
import { parseRecordFilters } from "./record-filter.js";

type UsageRecord = ValueOf<typeof USAGE_RECORD>;

/** The store, as far as its room is concerned. */
export interface DiskPorts {
  /** Measures every part. */
  usage(): Promise<readonly Usage[]>;
  prune(policy: PrunePolicy): Promise<PruneReport>;
  /** Returns the milliseconds since the epoch. */
  now(): number;
}

/** Returns the methods behind `buildctl du` and `buildctl prune`. */
export function diskServices({ usage, prune, now }: DiskPorts): readonly Served[] {
  return [
    single(DISK_USAGE, async ({ filter = [], ageLimit = 0 }) => {
      const passes = parseRecordFilters(filter, fieldOf);
      const before = now() - ageLimit / MILLISECOND;
      const isOld = ({ lastUsedAt }: Usage): boolean => ageLimit <= 0 || lastUsedAt === undefined || lastUsedAt <= before;
      const parts = (await usage()).filter((part) => isCache(part) && isOld(part));
      return { record: parts.map(recordOf).filter(passes) };
    }),
    streaming(PRUNE, async ({ messages, sendAll }) => {
      for await (const request of messages) {
        const { removed } = await prune(policyOf(request));
        await sendAll(removed.map(prunedRecord));
        return;
      }
    }),
  ];
}

/**
 * Returns true for a part of the cache. Note that the store's own records, parts of images that no
 * step needs, and what it knows of base images are none, as in docker: clients prune until nothing
 * is listed, and no prune removes these.
 */
export function isCache({ kind, inUse, usedBy: { images, base, running, steps } }: Usage): boolean {
  if (kind === "other") return !inUse;
  return running || steps > 0 || (images.length === 0 && !base);
}

function recordOf({ kind, id, bytes, name = "", lastUsedAt, usedBy: { images, running } }: Usage): UsageRecord {
  return {
    ID: id,
    Mutable: kind === "mount",
    InUse: running,
    Size: bytes,
    Description: name,
    RecordType: typeOf(kind),
    Shared: images.length > 0,
    ...(lastUsedAt === undefined ? {} : { LastUsedAt: timestampOf(lastUsedAt) }),
  };
}

function prunedRecord({ id, type, bytes, description, lastUsedAt }: PrunedItem): UsageRecord {
  return {
    ID: id,
    Mutable: type === "mount",
    Size: bytes,
    Description: description,
    RecordType: typeOf(type),
    ...(lastUsedAt === undefined ? {} : { LastUsedAt: timestampOf(lastUsedAt) }),
  };
}

/** Returns BuildKit's name of a kind of parts. */
function typeOf(kind: Usage["kind"] | PrunedItem["type"]): string {
  if (kind === "mount") return "exec.cachemount";
  return kind === "toc" || kind === "other" || kind === "records" ? "internal" : "regular";
}

function policyOf(request: ValueOf<typeof PRUNE_REQUEST>): PrunePolicy {
  const { filter = [], all = false, keepDuration = 0, reservedSpace = 0, maxUsedSpace = 0, minFreeSpace = 0 } = request;
  const passes = parseRecordFilters(filter, fieldOf);
  return {
    all,
    unusedFor: Math.max(0, keepDuration / MILLISECOND),
    only: (candidate) => passes(candidateRecord(candidate)),
    ...(reservedSpace > 0 ? { keepStorage: reservedSpace } : {}),
    ...(maxUsedSpace > 0 ? { maxUsedSpace } : {}),
    ...(minFreeSpace > 0 ? { minFreeSpace } : {}),
  };
}

function candidateRecord({ id, type, description, shared }: PruneCandidate): UsageRecord {
  return { ID: id, Mutable: type === "mount", Description: description, RecordType: typeOf(type), Shared: shared };
}

/** Returns a field of a record as filters see it. Fields without a value are true or absent. */
function fieldOf({ ID, Mutable, InUse, Shared, Description, RecordType }: UsageRecord, field: string): string | undefined {
  const flag = (value: boolean | undefined): string | undefined => (value === true ? "" : undefined);
  switch (field) {
    case "id":
      return ID;
    case "description":
      return Description === "" ? undefined : Description;
    case "type":
      return RecordType;
    case "inuse":
      return flag(InUse);
    case "mutable":
      return flag(Mutable);
    case "immutable":
      return flag(Mutable !== true);
    case "shared":
      return flag(Shared);
    case "private":
      return flag(Shared !== true);
    default:
      return undefined;
  }
}
