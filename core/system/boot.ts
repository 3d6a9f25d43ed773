import { readFileSync } from "node:fs";

/** Names this run of the system; undefined where it does not tell. What was written and never synced is as it was written only while this stays the same. */
export function bootId(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim() || undefined;
  } catch {
    return undefined;
  }
}
