import type { Digest } from "../../../core/digest.js";
import type { TarHeader } from "../../tar/header.js";
import { encodeHeader, END_MARKER_SIZE } from "../../tar/writer.js";
import { openContent } from "../model/content.js";
import { fileChanged } from "../model/errors.js";
import { sortByPath } from "../model/path-order.js";
import type { PackEntry, Toc } from "../model/toc.js";
import { TocColumnsBuilder, type TocCursor } from "../model/toc-columns.js";
import { opaqueMarkerOf, whiteoutOf } from "../model/whiteout.js";
import type { Cancellation } from "../read/read-layer.js";
import type { Compressor } from "./compress.js";
import { headerOf } from "./entry-header.js";
import type { PackStep } from "./plan.js";
import { TarStaging } from "./tar-staging.js";
import type { UnchangedRange } from "./unchanged-parts.js";

type EntryStep = Extract<PackStep, { kind: "entry" }>;
type MarkerStep = Exclude<PackStep, EntryStep>;

/** Writes the steps of a plan as a tar, in their order, and gathers its table of contents. */
export class StepWriter {
  readonly #tar: TarStaging;
  readonly #entries = new TocColumnsBuilder();
  readonly #whiteouts: { readonly path: string }[] = [];
  /** Digests of files that have more names. */
  readonly #digests = new Map<string, Digest>();

  constructor(compressor: Compressor, context: Cancellation | undefined) {
    this.#tar = new TarStaging(compressor, context);
  }

  /**
   * Writes a step. The next one waits for the promise. Returns undefined when there is nothing to
   * wait for.
   *
   * Note that this is no `async` function, because a layer may have 100,000 steps, and hardly any
   * of them waits.
   */
  write(step: PackStep): Promise<void> | undefined {
    if (step.kind !== "entry") return this.#writeMarker(step);
    const { entry } = step;
    const header = encodeHeader(headerOf(entry));
    const wait = this.#tar.room(header.length, isContent(entry) ? entry.size : undefined);
    return wait ? wait.then(() => this.#writeEntry(step, header)) : this.#writeEntry(step, header);
  }

  /** Takes steps that an earlier layer has: its bytes, and rows of its table of contents. */
  async takeRange({ from, length, linked }: UnchangedRange, bytes: AsyncIterable<Buffer>, table: TocCursor): Promise<void> {
    await this.#tar.copy(bytes);
    this.#entries.addRange(table, from, length);
    for (const step of linked)
      if (step.kind === "entry" && step.entry.digest !== undefined) this.#digests.set(step.entry.path, step.entry.digest);
  }

  /** Ends the tar. */
  async end(): Promise<void> {
    const wait = this.#tar.room(END_MARKER_SIZE);
    if (wait) await wait;
    this.#tar.put(Buffer.alloc(END_MARKER_SIZE));
    await this.#tar.flush();
  }

  /** Returns the table of contents of all steps. */
  contents(): Pick<Toc, "entries" | "whiteouts"> {
    return { entries: this.#entries.entries(), whiteouts: sortByPath(this.#whiteouts).map(({ path }) => path) };
  }

  #writeMarker(step: MarkerStep): Promise<void> | undefined {
    const marker = encodeHeader(markerHeader(step.kind === "whiteout" ? whiteoutOf(step.path) : opaqueMarkerOf(step.path)));
    if (step.kind === "whiteout") this.#whiteouts.push({ path: step.path });
    const wait = this.#tar.room(marker.length);
    if (wait) return wait.then(() => this.#tar.put(marker));
    this.#tar.put(marker);
    return undefined;
  }

  #writeEntry(step: EntryStep, header: Buffer): Promise<void> | undefined {
    const { entry } = step;
    this.#tar.put(header);
    if (isContent(entry)) return this.#writeContent(step);
    this.#entries.add(entry, entry.hardlink === undefined ? undefined : this.#digests.get(entry.hardlink));
    return undefined;
  }

  #writeContent(step: EntryStep): Promise<void> | undefined {
    if (!this.#tar.fits(step.entry.size)) return this.#writeLarge(step);
    const content = openContent(step.entry);
    let digest: Digest;
    try {
      digest = this.#tar.smallFile(step.entry, content);
    } finally {
      content.close();
    }
    this.#addFile(step, digest);
    return undefined;
  }

  async #writeLarge(step: EntryStep): Promise<void> {
    const content = openContent(step.entry);
    let digest: Digest;
    try {
      digest = await this.#tar.largeFile(step.entry, content);
    } finally {
      content.close();
    }
    this.#addFile(step, digest);
  }

  #addFile({ entry, linked }: EntryStep, digest: Digest): void {
    if (entry.digest !== undefined && entry.digest !== digest) throw fileChanged(entry.path, "its content changed");
    if (linked) this.#digests.set(entry.path, digest);
    this.#entries.add(entry, digest);
  }
}

/** Returns true when bytes follow the header: a hard link has none. */
function isContent(entry: PackEntry): boolean {
  return entry.type === "file" && entry.hardlink === undefined;
}

/** Returns the header of a deletion, which has no metadata: time zero, as containerd writes it. */
function markerHeader(name: string): TarHeader {
  return { name, type: "file", mode: 0, uid: 0, gid: 0, size: 0, mtime: { sec: 0, nsec: 0 } };
}
