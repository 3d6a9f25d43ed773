import type { Candidate, CollectPolicy, Removed } from "../../cache/contract/collector.js";
import type { Store } from "../../cache/store.js";
import { freeSpace, parseSpace } from "../options/cache-budget.js";
import { measure } from "./disk-usage.js";
import type { PruneCandidate, PrunedItem, PrunePolicy, PruneReport } from "../options/disk-types.js";
import { removeOrphansNow } from "../session/store-worker.js";

/** Removes the parts that a policy selects, and everything unneeded. */
export async function pruneStore(store: Store, policy: PrunePolicy): Promise<PruneReport> {
  const { all = false, unusedFor = 0, only, dryRun = false } = policy;
  const usage = await measure(store);
  const keepBytes = keptBytes(
    store.root,
    policy,
    usage.reduce((sum, { bytes }) => sum + bytes, 0),
  );
  const collect: CollectPolicy = {
    unusedFor,
    mounts: true,
    images: all,
    keepShared: !all,
    ...(keepBytes === undefined ? {} : { keepBytes }),
    ...(only ? { only: (candidate) => only(candidateOf(candidate)) } : {}),
  };
  const { removed, bytes } = store.gc.collect(collect, { dryRun });
  if (!dryRun) await removeOrphansNow(store);
  const names = new Map(usage.flatMap(({ id, name }) => (name === undefined ? [] : [[id, name] as const])));
  return { removed: removed.flatMap((item) => prunedItem(item, names)), reclaimed: bytes };
}

/**
 * Returns the bytes that the store may take afterwards; undefined when every selected part is
 * removed.
 */
function keptBytes(root: string, policy: PrunePolicy, total: number): number | undefined {
  const space = (value: number | string | undefined, what: string) =>
    value === undefined ? undefined : parseSpace(root, String(value), what);
  const most = space(policy.maxUsedSpace, "the most space to use");
  const free = space(policy.minFreeSpace, "the space to leave free");
  const keep = space(policy.keepStorage, "the storage to keep");
  if (most === undefined && free === undefined) return keep;
  const forFree = free === undefined ? Infinity : total - Math.max(0, free - freeSpace(root));
  return Math.max(keep ?? 0, Math.min(most ?? Infinity, forFree));
}

const TYPES = { result: "step", mount: "mount", image: "image" } as const;

function candidateOf({ kind, id, name, usedAt, shared }: Candidate): PruneCandidate {
  return { type: TYPES[kind], id, description: name, lastUsedAt: usedAt, shared };
}

/**
 * Returns removed parts for the report. A layer's record takes no room; its files have entries of
 * their own.
 */
function prunedItem({ kind, id, name, bytes, why, usedAt }: Removed, names: ReadonlyMap<string, string>): readonly PrunedItem[] {
  if (kind === "layer") return [];
  const type = kind === "result" ? "step" : kind === "other" ? "records" : kind;
  return [{ type, id, description: name ?? names.get(id) ?? "", bytes, lastUsedAt: usedAt, why }];
}
