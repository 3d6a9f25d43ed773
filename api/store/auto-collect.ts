import type { CollectPolicy } from "../../cache/contract/collector.js";
import type { Store } from "../../cache/store.js";
import { measure } from "./disk-usage.js";
import { openProcessStore } from "../session/process-store.js";
import { removeOrphansNow } from "../session/store-worker.js";

const HOUR = 3_600_000;
/** Share of the budget to which collection goes on, so that not every build has to collect. */
const ENOUGH = 0.9;
/**
 * Share of the budget by which the store has to grow for the next try, when too little can be
 * removed.
 */
const GROWTH = 0.05;

/**
 * Policies for a store over its budget, one after the other until it fits: each removes least
 * recently used parts first.
 */
const policies = (keepBytes: number): readonly CollectPolicy[] => [
  { keepBytes, unusedFor: 48 * HOUR, mounts: true, images: true },
  { keepBytes },
  { keepBytes, unusedFor: HOUR, mounts: true, images: true },
];

/**
 * Brings the store at `root` below its budget in bytes, as far as images and running builds allow.
 * One process does so at a time. `ifDue` does so only when the running totals exceed the budget.
 */
export async function collectToBudget(root: string, budget: number, ifDue: boolean): Promise<void> {
  const store = openProcessStore({ root });
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
  if (before <= budget) return store.gc.pauseUntil(0);
  const { bytes } = store.gc.collect(policies(budget * ENOUGH));
  await removeOrphansNow(store);
  const after = before - bytes;
  store.gc.pauseUntil(after > budget ? after + budget * GROWTH : 0);
}
