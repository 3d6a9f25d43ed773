import type { CollectPolicy } from "../../cache/contract/collector.js";
import type { Store } from "../../cache/store.js";
import { measure } from "./disk-usage.js";
import { openStoreHere } from "../session/store-here.js";
import { removeOrphansNow } from "../session/store-worker.js";

const HOUR = 3_600_000;
/** Collection goes on to this part of the budget, so that not every build has to. */
const ENOUGH = 0.9;
/** When too little can go, the next try is when the store has grown by this part of the budget. */
const GROWTH = 0.05;

/** What goes when the store is over its budget, one after the other until it fits: each least recently used first. */
const policies = (keepBytes: number): readonly CollectPolicy[] => [
  { keepBytes, unusedFor: 48 * HOUR, mounts: true, images: true },
  { keepBytes },
  { keepBytes, unusedFor: HOUR, mounts: true, images: true },
];

/**
 * Brings the store at `root` below its budget in bytes, as far as images and running builds let it. One process does so at a time. `ifDue`: only when
 * the running totals say so.
 */
export async function collectToBudget(root: string, budget: number, ifDue: boolean): Promise<void> {
  const store = openStoreHere({ root });
  try {
    if (ifDue && !store.gc.exceeds(budget)) return;
    const lock = store.locks.tryAcquire("collect");
    if (!lock) return;
    try {
      await collectStore(store, budget);
    } finally {
      lock.release();
    }
  } finally {
    store.close();
  }
}

async function collectStore(store: Store, budget: number): Promise<void> {
  const size = async () => (await measure(store)).reduce((sum, { bytes }) => sum + bytes, 0);
  const before = await size();
  if (before <= budget) return store.gc.settle(0);
  const { bytes } = store.gc.collect(policies(budget * ENOUGH));
  await removeOrphansNow(store);
  const after = before - bytes;
  store.gc.settle(after > budget ? after + budget * GROWTH : 0);
}
