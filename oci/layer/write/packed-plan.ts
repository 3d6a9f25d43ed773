import { deserialize, serialize } from "node:v8";
import { setImmediate as turn } from "node:timers/promises";
import { throwIfAborted } from "../../../core/errors.js";
import { layerSteps, type PackStep } from "./plan.js";
import type { ContentSource, PackedPlan, PackEntry, PackPlan } from "../model/toc.js";
import { type Numbers, NumbersBuilder } from "../model/numbers.js";
import { entriesOf, type TocColumns, TocColumnsBuilder } from "../model/toc-columns.js";

/** Steps in a piece: some 60 kB. */
const PIECE = 512;

/** Milliseconds for which the event loop may be held. */
const SLICE = 12;

/** Encodes a plan in pieces. Lets the event loop run meanwhile. */
export async function packedPlan(plan: PackPlan, epoch: number | undefined, signal: AbortSignal | undefined): Promise<PackedPlan> {
  const pieces: Uint8Array[] = [];
  let piece: PackStep[] = [];
  let sliceEnd = performance.now() + SLICE;
  for (const step of layerSteps(plan, epoch)) {
    piece.push(step);
    if (piece.length < PIECE) continue;
    pieces.push(serialize(encodePiece(piece)));
    piece = [];
    if (performance.now() < sliceEnd) continue;
    await turn();
    throwIfAborted(signal);
    sliceEnd = performance.now() + SLICE;
  }
  pieces.push(serialize(encodePiece(piece)));
  return { pieces };
}

/** Yields the steps of a plan. Takes its pieces, each of which is freed when it was read. */
export function* stepsOf({ pieces }: PackedPlan): Generator<PackStep, void> {
  pieces.reverse();
  for (let piece = pieces.pop(); piece; piece = pieces.pop()) yield* decodePiece(deserialize(piece) as Piece);
}

/** Steps as columns, because names of members would take most of the bytes. */
interface Piece {
  /** Entries of the steps, without their contents. */
  readonly columns: TocColumns;
  /** Text that all {@link paths} begin with. */
  readonly prefix: string;
  /** Paths of the contents, for each entry in order; empty for a content without a path. */
  readonly paths: readonly string[];
  /** For each entry in order: one more than the place of a part of a file, 0 for a whole file. */
  readonly starts: Numbers | undefined;
  /** Sources without a path, and entries with other names, by index of the entry. */
  readonly sources: ReadonlyMap<number, ContentSource>;
  readonly linked: ReadonlySet<number>;
  /** Other steps, by index of the entry behind them. */
  readonly markers: ReadonlyMap<number, readonly Marker[]>;
}

type Marker = Exclude<PackStep, { readonly kind: "entry" }>;

function encodePiece(steps: readonly PackStep[]): Piece {
  const builder = new TocColumnsBuilder();
  const paths: string[] = [];
  const starts = new NumbersBuilder();
  let parts = 0;
  const sources = new Map<number, ContentSource>();
  const linked = new Set<number>();
  const markers = new Map<number, Marker[]>();
  let prefix: string | undefined;
  for (const step of steps) {
    const index = paths.length;
    if (step.kind !== "entry") {
      markers.set(index, [...(markers.get(index) ?? []), step]);
      continue;
    }
    const { entry } = step;
    builder.add(entry, entry.digest);
    if (step.linked) linked.add(index);
    const isPart = entry.source?.kind === "part";
    starts.push(isPart ? entry.source.start + 1 : 0);
    if (isPart) parts++;
    if (entry.source?.kind !== "path" && entry.source?.kind !== "part") {
      paths.push("");
      if (entry.source) sources.set(index, entry.source);
      continue;
    }
    const { path } = entry.source;
    paths.push(path);
    prefix = prefix === undefined ? path.slice(0, path.lastIndexOf("/") + 1) : commonStart(prefix, path);
  }
  const { length } = prefix ?? "";
  const rest = paths.map((path) => (path === "" ? "" : path.slice(length)));
  return {
    columns: builder.columns(),
    prefix: prefix ?? "",
    paths: rest,
    starts: parts === 0 ? undefined : starts.numbers(),
    sources,
    linked,
    markers,
  };
}

/** Returns the common start of two texts up to a slash, so that a part of every path is left. */
function commonStart(prefix: string, path: string): string {
  let start = prefix;
  while (!path.startsWith(start)) start = start.slice(0, start.lastIndexOf("/", start.length - 2) + 1);
  return start;
}

function sourceAt(path: string, start: number): ContentSource {
  return start === 0 ? { kind: "path", path } : { kind: "part", path, start: start - 1 };
}

function* decodePiece({ columns, prefix, paths, starts, sources, linked, markers }: Piece): Generator<PackStep, void> {
  let index = 0;
  for (const entry of entriesOf(columns)) {
    yield* markers.get(index) ?? [];
    const path = paths[index] as string;
    const start = starts?.[index] ?? 0;
    const source = path === "" ? sources.get(index) : sourceAt(prefix + path, start);
    const planned: PackEntry = source ? { ...entry, source } : entry;
    yield linked.has(index) ? { kind: "entry", entry: planned, linked: true } : { kind: "entry", entry: planned };
    index++;
  }
  yield* markers.get(index) ?? [];
}
