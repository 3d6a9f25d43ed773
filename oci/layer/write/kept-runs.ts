import { padding } from "../../tar/header.js";
import { END_MARKER_SIZE, headerSize } from "../../tar/writer.js";
import { headerOf } from "./entry-header.js";
import { comparePaths } from "../model/path-order.js";
import type { PackStep } from "./plan.js";
import type { PackEntry, Toc, TocEntry } from "../model/toc.js";

/** Consecutive steps that give the same bytes as consecutive entries of an earlier layer. */
export interface KeptRun {
  /** Index of the first step. */
  readonly first: number;
  readonly entries: readonly TocEntry[];
  /** Where these bytes are in the earlier layer's tar. */
  readonly start: number;
  readonly end: number;
}

/**
 * What a new layer has in common with an earlier one that was written by this packer, in order. Its TOC tells all that decides an entry's bytes; where they are
 * follows from the sizes of those before. None when one of them holds markers of deletions, or when the TOC does not add up to its size.
 */
export function keptRuns(steps: readonly PackStep[], earlier: Toc): readonly KeptRun[] {
  if (earlier.whiteouts.length > 0 || steps.some(({ kind }) => kind !== "entry")) return [];
  const runs: KeptRun[] = [];
  let open: { readonly first: number; readonly entries: TocEntry[]; readonly start: number } | undefined;
  let position = 0;
  let step = 0;
  const close = (): void => {
    if (open) runs.push({ ...open, end: position });
    open = undefined;
  };
  for (const entry of earlier.entries) {
    if (entry.opaque) return [];
    const skipped = step;
    while (step < steps.length && comparePaths(pathOf(steps[step]), entry.path) < 0) step++;
    const same = isSame(steps[step], entry);
    if (!same || step > skipped) close();
    if (same) {
      open ??= { first: step, entries: [], start: position };
      open.entries.push(entry);
      step++;
    }
    position +=
      headerSize(headerOf(entry)) + (entry.type === "file" && entry.hardlink === undefined ? entry.size + padding(entry.size) : 0);
  }
  close();
  return position + END_MARKER_SIZE === earlier.size ? runs : [];
}

function pathOf(step: PackStep | undefined): string {
  return step?.kind === "entry" ? step.entry.path : "";
}

function isSame(step: PackStep | undefined, was: TocEntry): boolean {
  return step?.kind === "entry" && isSameEntry(step.entry, was);
}

/** Whether both are written as the same bytes. Content of which no digest is known is never the same. */
function isSameEntry(entry: PackEntry, was: TocEntry): boolean {
  return (
    entry.path === was.path &&
    entry.type === was.type &&
    entry.mode === was.mode &&
    entry.uid === was.uid &&
    entry.gid === was.gid &&
    entry.size === was.size &&
    entry.mtime.sec === was.mtime.sec &&
    entry.mtime.nsec === was.mtime.nsec &&
    entry.digest === was.digest &&
    (entry.digest !== undefined || entry.type !== "file") &&
    entry.link === was.link &&
    entry.hardlink === was.hardlink &&
    !entry.opaque &&
    entry.device?.major === was.device?.major &&
    entry.device?.minor === was.device?.minor &&
    isSameText(entry.xattrs, was.xattrs)
  );
}

function isSameText(a: PackEntry["xattrs"], b: PackEntry["xattrs"]): boolean {
  return a === b || JSON.stringify(a ?? {}) === JSON.stringify(b ?? {});
}
