import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { LargeItem } from "./limits.js";

/** Files that are named when a step overruns its disk. */
const NAMED = 3;
const BLOCK = 512;

/** Place of the changes of a step, before they are a layer. */
export interface WrittenPlace {
  readonly directory: string;
  /** True where the files of its layers are there, too. */
  readonly hasLayers: boolean;
}

/** Bytes on the disk, and the largest files, the largest first. */
export interface DiskUsage {
  readonly bytes: number;
  readonly largest: readonly LargeItem[];
}

/**
 * Returns what the files of a step take; in a directory that has those of its layers too, the files
 * that changed from `begun` on (milliseconds since the epoch). A file with several names counts
 * once. Files that vanish meanwhile count nothing, and so do those that are open without a name.
 */
export function diskUsage({ directory, hasLayers }: WrittenPlace, begun: number): DiskUsage {
  const since = hasLayers ? begun : 0;
  const linked = new Set<string>();
  let bytes = 0;
  let largest: LargeItem[] = [];
  const visit = (path: string, name: string): void => {
    for (const entry of entriesOf(path)) {
      const inner = join(path, entry.name);
      const status = lstatSync(inner, { throwIfNoEntry: false });
      if (status === undefined) continue;
      if (status.isDirectory()) visit(inner, `${name}/${entry.name}`);
      if (status.ctimeMs < since) continue;
      const id = `${status.dev} ${status.ino}`;
      if (!status.isDirectory() && status.nlink > 1 && linked.has(id)) continue;
      if (status.nlink > 1) linked.add(id);
      const size = (status.blocks ?? 0) * BLOCK;
      bytes += size;
      if (!status.isFile() || size <= (largest[NAMED - 1]?.bytes ?? 0)) continue;
      largest = [...largest, { name: `${name}/${entry.name}`, bytes: size }].toSorted((a, b) => b.bytes - a.bytes).slice(0, NAMED);
    }
  };
  visit(directory, "");
  return { bytes, largest };
}

function entriesOf(path: string) {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return []; // It is gone.
  }
}
