import { openStore, type StoreOptions } from "../../cache/open-store.js";
import { defaultRoot } from "../../cache/paths.js";
import type { Store } from "../../cache/store.js";
import { ownershipHere } from "../../executor-native/id-map.js";

/** The store at `root` (default: where this user's is), as this process can use it. */
export function openStoreHere(options: Partial<StoreOptions> = {}): Store {
  return openStore({ ...options, root: options.root ?? defaultRoot(process.env), virtualOwners: () => ownershipHere() === "virtual" });
}
