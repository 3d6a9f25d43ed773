import type { Workers } from "../session/workers.js";
import type { RunningService } from "./running-service.js";

/** A service that runs, for one build or several of one session. */
export interface SharedService {
  /** Resolves when it is ready. */
  readonly ready: Promise<void>;
  /** Ends it when nobody else uses it, and waits for that. */
  release(): Promise<void>;
}

interface Entry {
  readonly running: RunningService;
  readonly ready: Promise<void>;
  readonly ending: AbortController;
  users: number;
}

/** Services by what they are, of the builds that share the network of their workers. */
const entries = new WeakMap<Workers, Map<string, Entry>>();

/**
 * Returns the service of a key, which `start` starts for the first that asks. Note that builds of
 * one session share it, because they share one network, where it could not listen twice.
 */
export function shareService(workers: Workers, key: string, start: (ending: AbortSignal) => RunningService): SharedService {
  const all = entries.get(workers) ?? new Map<string, Entry>();
  entries.set(workers, all);
  const entry = all.get(key) ?? begin(start);
  all.set(key, entry);
  entry.users++;
  return {
    ready: entry.ready,
    async release() {
      entry.users--;
      if (entry.users > 0) return;
      all.delete(key);
      entry.ending.abort();
      await entry.running.ended;
    },
  };
}

function begin(start: (ending: AbortSignal) => RunningService): Entry {
  const ending = new AbortController();
  const running = start(ending.signal);
  const ready = running.ready(ending.signal);
  ready.catch(() => undefined); // Each that shares it waits for it.
  return { running, ready, ending, users: 0 };
}
