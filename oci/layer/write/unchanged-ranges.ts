import { padding } from "../../tar/header.js";
import { END_MARKER_SIZE, headerSize } from "../../tar/writer.js";
import { headerOf } from "./entry-header.js";
import { comparePaths } from "../model/path-order.js";
import type { PackStep } from "./plan.js";
import type { PackEntry, Toc, TocEntry } from "../model/toc.js";

/** Consecutive steps with the same bytes as consecutive entries of an earlier layer. */
export interface UnchangedRange {
  /** Index of the first step. */
  readonly first: number;
  /** Number of steps. */
  readonly length: number;
  /** Offsets of these bytes in the earlier layer's tar. */
  readonly start: number;
  readonly end: number;
}

/** Ranges that a new layer shares with an earlier one, and the size of its other parts. */
export interface UnchangedRanges {
  readonly ranges: readonly UnchangedRange[];
  /** Steps, and bytes of their files, that are in no range. */
  readonly others: { readonly steps: number; readonly bytes: number };
}

/**
 * Returns the parts that a new layer shares with an earlier one of this packer, in order. The
 * earlier TOC has everything that decides an entry's bytes; offsets follow from the sizes of the
 * entries before. Returns none when one of the layers holds markers of deletions, or when the TOC
 * does not add up to its size.
 */
export function unchangedRanges(steps: Iterable<PackStep>, earlier: Toc): UnchangedRanges {
  const ahead = new Ahead(steps);
  const ranges: UnchangedRange[] = [];
  let open: { readonly first: number; length: number; readonly start: number } | undefined;
  let position = 0;
  let unchanged = { steps: 0, bytes: 0 };
  let useless = earlier.whiteouts.length > 0;
  const close = (): void => {
    if (open) ranges.push({ ...open, end: position });
    open = undefined;
  };
  for (const entry of earlier.entries) {
    useless ||= entry.opaque === true;
    const skipped = ahead.index;
    while (ahead.step && comparePaths(pathOf(ahead.step), entry.path) < 0) ahead.move();
    const same = isSame(ahead.step, entry);
    if (!same || ahead.index > skipped) close();
    if (same) {
      open ??= { first: ahead.index, length: 0, start: position };
      open.length++;
      unchanged = { steps: unchanged.steps + 1, bytes: unchanged.bytes + entry.size };
      ahead.move();
    }
    position +=
      headerSize(headerOf(entry)) + (entry.type === "file" && entry.hardlink === undefined ? entry.size + padding(entry.size) : 0);
  }
  close();
  while (ahead.step) ahead.move();
  const { index, bytes, markers } = ahead;
  if (useless || markers > 0 || position + END_MARKER_SIZE !== earlier.size) return { ranges: [], others: { steps: index, bytes } };
  return { ranges, others: { steps: index - unchanged.steps, bytes: bytes - unchanged.bytes } };
}

/** Steps in order, with the next one known. */
class Ahead {
  readonly #steps: Iterator<PackStep>;
  step: PackStep | undefined;
  index = 0;
  /** Bytes of the files of all steps so far. */
  bytes = 0;
  /** Number of markers of deletions so far. */
  markers = 0;

  constructor(steps: Iterable<PackStep>) {
    this.#steps = steps[Symbol.iterator]();
    this.step = this.#next();
  }

  move(): void {
    this.index++;
    this.step = this.#next();
  }

  #next(): PackStep | undefined {
    const { done, value } = this.#steps.next();
    if (done) return undefined;
    if (value.kind === "entry") this.bytes += value.entry.size;
    else this.markers++;
    return value;
  }
}

function pathOf(step: PackStep): string {
  return step.kind === "entry" ? step.entry.path : "";
}

function isSame(step: PackStep | undefined, was: TocEntry): boolean {
  return step?.kind === "entry" && isSameEntry(step.entry, was);
}

/**
 * Returns true when both are written as the same bytes. Content without a known digest is never the
 * same.
 */
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
