import { readFileSync } from "node:fs";

/**
 * Returns the id of this run of the system, or undefined where the system has none. Data that was
 * never synced can be trusted only while the id stays the same.
 */
export function bootId(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim() || undefined;
  } catch {
    return undefined;
  }
}
