import { openStore, type StoreOptions } from "../../cache/open-store.js";
import { FileMemo } from "../../cache/index/memo.js";
import { defaultRoot, storePaths } from "../../cache/paths.js";
import type { SnapshotForm } from "../../cache/content/snapshot-kind.js";
import type { Store } from "../../cache/store.js";
import { ownershipHere } from "../../executor-native/id-map.js";
import { chooseTier, type ChosenTier } from "../../executor-native/isolation/choose-tier.js";
import { readingOnce } from "../../executor-native/isolation/read-once.js";
import type { ReadFile } from "../../executor-native/read-text.js";
import { wantedIsolation } from "../../executor-native/tier.js";

export interface ProcessStoreOptions extends Partial<Omit<StoreOptions, "snapshots">> {
  /** Isolation of steps, as in the options of a build. */
  readonly isolation?: string | undefined;
}

/** Opens the store at `root` (default: that of this user), as this process can use it. */
export function openProcessStore({ isolation, ...options }: ProcessStoreOptions = {}): Store {
  const root = options.root ?? defaultRoot(process.env);
  return openStore({
    ...options,
    root,
    snapshots: () => {
      const read = readingOnce();
      return snapshotForm(tierOf(root, isolation, read), read);
    },
  });
}

/** Returns the form of snapshots that steps can use. */
function snapshotForm({ tier, copies }: ChosenTier, read: ReadFile): SnapshotForm {
  if (tier !== "namespaces") return tier === "chroot" ? "copied" : "looked";
  const ownership = ownershipHere(read);
  if (copies === undefined) return ownership;
  return ownership === "virtual" ? "copied-virtual" : "copied";
}

/** Kind of the memos that hold which tier works here. */
const TIER = "isolation";

/** Returns how steps are kept apart from the machine in builds with this store. */
export function tierOf(root: string, isolation?: string, read?: ReadFile): ChosenTier {
  const memo = new FileMemo(storePaths(root));
  const known = {
    get: (key: string) => memo.get(TIER, key)?.toString("utf8"),
    set: (key: string, problem: string) => memo.set(TIER, key, problem),
  };
  return chooseTier(wantedIsolation(isolation), root, known, undefined, read);
}
