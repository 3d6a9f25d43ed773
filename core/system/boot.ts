import { readFileSync } from "node:fs";

/** Id of this run of the system, once it was read. The id cannot change while this process runs. */
let known: { readonly id: string | undefined } | undefined;

/**
 * Returns the id of this run of the system, or undefined where the system has none. Data that was
 * never synced can be trusted only while the id stays the same.
 */
export function bootId(): string | undefined {
  known ??= { id: readBootId() };
  return known.id;
}

function readBootId(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim() || undefined;
  } catch {
    return undefined;
  }
}
