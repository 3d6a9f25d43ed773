import { openStore, type StoreOptions } from "../../cache/open-store.js";
import { defaultRoot } from "../../cache/paths.js";
import type { Store } from "../../cache/store.js";
import { ownershipHere } from "../../executor-native/id-map.js";
import { chooseTier, type ChosenTier } from "../../executor-native/isolation/choose-tier.js";
import { wantedIsolation } from "../../executor-native/tier.js";

export interface StoreHereOptions extends Partial<Omit<StoreOptions, "snapshots">> {
  /** As in the options of a build. */
  readonly isolation?: string | undefined;
}

/** Opens the store at `root` (default: that of this user), as this process can use it. */
export function openStoreHere({ isolation, ...options }: StoreHereOptions = {}): Store {
  const root = options.root ?? defaultRoot(process.env);
  return openStore({
    ...options,
    root,
    snapshots: () => (tierOf(root, isolation).tier === "chroot" ? "copied" : ownershipHere()),
  });
}

/** Returns how steps are kept apart from the machine in builds with this store. */
export function tierOf(root: string, isolation?: string): ChosenTier {
  return chooseTier(wantedIsolation(isolation), root);
}
