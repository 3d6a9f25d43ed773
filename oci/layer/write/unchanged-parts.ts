import { isSameNode } from "../../../core/file-node.js";
import { padding } from "../../tar/header.js";
import { END_MARKER_SIZE, headerSize } from "../../tar/writer.js";
import { headerOf } from "./entry-header.js";
import { DigestColumn } from "../model/digest-column.js";
import { comparePaths } from "../model/path-order.js";
import type { PackStep } from "./plan.js";
import type { PackEntry, Toc, TocEntry } from "../model/toc.js";
import { columnsOf, entriesWithoutDigests } from "../model/toc-columns.js";

/** Consecutive steps with the same bytes as consecutive entries of an earlier layer. */
export interface UnchangedRange {
  readonly kind: "range";
  /** Index of the first step. */
  readonly first: number;
  /** Index of the first entry in the earlier layer. */
  readonly from: number;
  /** Number of steps. */
  readonly length: number;
  /** Steps whose files have other names. */
  readonly linked: readonly PackStep[];
  /** Offsets of these bytes in the earlier layer's tar. */
  readonly start: number;
  readonly end: number;
}

/** A part of a new layer: many steps of which an earlier layer has the bytes, or one step. */
export type LayerPart = UnchangedRange | PackStep;

/** Steps, and bytes of their files, that may be in no range. */
export interface NewLimits {
  readonly steps: number;
  readonly bytes: number;
}

type OpenRange = Omit<UnchangedRange, "end" | "length" | "linked"> & { length: number; readonly linked: PackStep[] };

/**
 * Returns a new layer as parts that it shares with an earlier one of this packer, and steps. The
 * earlier TOC has everything that decides an entry's bytes; offsets follow from the sizes of the
 * entries before. Returns undefined when more is new than the limits say, when one of the layers
 * holds markers of deletions, or when the TOC does not add up to its size. Note that no step of a
 * range is kept, because a layer may have any number.
 */
export function unchangedParts(steps: Iterable<PackStep>, earlier: Toc, limits: NewLimits): readonly LayerPart[] | undefined {
  const columns = columnsOf(earlier.entries);
  const digests = new DigestColumn(columns.digests);
  const parts: LayerPart[] = [];
  const ahead = new Ahead(steps);
  const added = { steps: 0, bytes: 0 };
  const found = { useless: earlier.whiteouts.length > 0 };
  let open: OpenRange | undefined;
  /** Number of entries of the earlier layer before the present one, and of files among them. */
  const before = { entries: 0, files: 0 };
  let position = 0;
  const close = (): void => {
    if (open) parts.push({ ...open, end: position });
    open = undefined;
  };
  const addNew = (step: PackStep): void => {
    close();
    parts.push(step);
    added.steps++;
    if (step.kind === "entry") added.bytes += step.entry.size;
    else found.useless = true;
    found.useless ||= added.steps > limits.steps || added.bytes > limits.bytes;
    ahead.move();
  };
  for (const entry of entriesWithoutDigests(columns)) {
    found.useless ||= entry.opaque === true;
    while (ahead.step && comparePaths(pathOf(ahead.step), entry.path) < 0) addNew(ahead.step);
    if (found.useless) return undefined;
    const { step } = ahead;
    if (step?.kind === "entry" && isSame(step.entry, entry, digests, before.files)) {
      open ??= { kind: "range", first: ahead.index, from: before.entries, length: 0, linked: [], start: position };
      open.length++;
      if (step.linked) open.linked.push(step);
      ahead.move();
    } else close();
    before.entries++;
    if (entry.type === "file") before.files++;
    position +=
      headerSize(headerOf(entry)) + (entry.type === "file" && entry.hardlink === undefined ? entry.size + padding(entry.size) : 0);
  }
  close();
  while (ahead.step && !found.useless) addNew(ahead.step);
  return found.useless || position + END_MARKER_SIZE !== earlier.size ? undefined : parts;
}

/** Steps in order, with the next one known. */
class Ahead {
  readonly #steps: Iterator<PackStep>;
  step: PackStep | undefined;
  index = 0;

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
    return done ? undefined : value;
  }
}

function pathOf(step: PackStep): string {
  return step.kind === "entry" ? step.entry.path : "";
}

/**
 * Returns true when both are written as the same bytes. Content without a known digest is never the
 * same. `file` is the place of the earlier one's digest.
 */
function isSame(entry: PackEntry, was: Omit<TocEntry, "digest">, digests: DigestColumn, file: number): boolean {
  if (entry.path !== was.path || !isSameNode(entry, was) || entry.mtime.nsec !== was.mtime.nsec) return false;
  if (entry.hardlink !== was.hardlink || entry.opaque) return false;
  const { type, digest } = entry;
  return type === "file" ? digest !== undefined && digests.is(file, digest) : digest === undefined;
}
