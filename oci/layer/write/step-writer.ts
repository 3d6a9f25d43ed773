import type { Digest } from "../../../core/digest.js";
import { padding, type TarHeader } from "../../tar/header.js";
import { encodeHeader, END_MARKER_SIZE } from "../../tar/writer.js";
import { openContent } from "../model/content.js";
import { fileChanged } from "../model/errors.js";
import { sortByPath } from "../model/path-order.js";
import type { Toc } from "../model/toc.js";
import { TocColumnsBuilder } from "../model/toc-columns.js";
import { opaqueMarkerOf, whiteoutOf } from "../model/whiteout.js";
import type { Cancellation } from "../read/read-layer.js";
import type { Compressor } from "./compress.js";
import { headerOf } from "./entry-header.js";
import type { KeptRun } from "./kept-runs.js";
import type { PackStep } from "./plan.js";
import { TarStaging } from "./tar-staging.js";

type EntryStep = Extract<PackStep, { readonly kind: "entry" }>;

/** Writes the steps of a plan as a tar, and lists its entries. */
export class StepWriter {
  readonly #tar: TarStaging;
  readonly #context: Cancellation | undefined;
  readonly #entries = new TocColumnsBuilder();
  readonly #whiteouts: { readonly path: string }[] = [];
  /** Digests of files that have more names. */
  readonly #digests = new Map<string, Digest>();

  constructor(compressor: Compressor, context: Cancellation | undefined) {
    this.#tar = new TarStaging(compressor);
    this.#context = context;
  }

  /** Copies a run of unchanged entries from the bytes of an earlier tar. */
  async copyRun(run: KeptRun, chunks: AsyncIterable<Buffer>): Promise<void> {
    await this.#tar.copy(chunks, this.#context);
    for (const entry of run.entries) this.#entries.add(entry, entry.digest);
  }

  /** Keeps the digest of a file for the hard links to it. */
  keepDigest(step: PackStep, digest = step.kind === "entry" ? step.entry.digest : undefined): void {
    if (step.kind === "entry" && step.linked && digest !== undefined) this.#digests.set(step.entry.path, digest);
  }

  /** Writes a step. Returns undefined where there is nothing to wait for. */
  write(step: PackStep): Promise<void> | undefined {
    if (step.kind === "entry") return this.#writeEntry(step);
    const marker = encodeHeader(markerHeader(step.kind === "whiteout" ? whiteoutOf(step.path) : opaqueMarkerOf(step.path)));
    if (step.kind === "whiteout") this.#whiteouts.push({ path: step.path });
    return this.#put(marker);
  }

  /** Writes the end of the tar. Returns the lists of its table of contents. */
  async finish(): Promise<Pick<Toc, "entries" | "whiteouts">> {
    await this.#put(Buffer.alloc(END_MARKER_SIZE));
    await this.#tar.flush();
    return { entries: this.#entries.entries(), whiteouts: sortByPath(this.#whiteouts).map(({ path }) => path) };
  }

  #writeEntry(step: EntryStep): Promise<void> | undefined {
    const { entry } = step;
    const header = encodeHeader(headerOf(entry));
    if (entry.type === "file" && entry.hardlink === undefined) return this.#writeFile(step, header);
    this.#entries.add(entry, entry.hardlink === undefined ? undefined : this.#digests.get(entry.hardlink));
    return this.#put(header);
  }

  async #writeFile(step: EntryStep, header: Buffer): Promise<void> {
    const { entry } = step;
    const size = entry.size + padding(entry.size) + 1;
    const wait = this.#tar.room(header.length + size);
    if (wait) await wait;
    const content = openContent(entry);
    try {
      if (!this.#tar.fits(header.length)) throw new Error("internal: a tar header is larger than the staging buffer");
      this.#tar.put(header);
      const digest = this.#tar.fits(size) ? this.#tar.smallFile(entry, content) : await this.#tar.largeFile(entry, content, this.#context);
      if (entry.digest !== undefined && entry.digest !== digest) throw fileChanged(entry.path, "its content changed");
      this.keepDigest(step, digest);
      this.#entries.add(entry, digest);
    } finally {
      content.close();
    }
  }

  #put(bytes: Buffer): Promise<void> | undefined {
    const wait = this.#tar.room(bytes.length);
    if (wait) return wait.then(() => this.#tar.put(bytes));
    this.#tar.put(bytes);
    return undefined;
  }
}

/** Returns the header of a deletion, which has no metadata: time zero, as containerd writes it. */
function markerHeader(name: string): TarHeader {
  return { name, type: "file", mode: 0, uid: 0, gid: 0, size: 0, mtime: { sec: 0, nsec: 0 } };
}
