import { closeSync, existsSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import { type Digest, digestHex, isDigest } from "../../core/digest.js";
import { systemErrorCode } from "../../core/errors.js";
import type { Toc } from "../../oci/layer/model/toc.js";
import { ioError } from "../errors.js";
import type { Owner } from "../processes/owner.js";
import { decodeToc, encodeToc } from "./toc-codec.js";
import type { StoreTotals } from "../database/totals.js";

/** Entries of all TOCs kept in memory: about 30 MB. */
const MEMORY = 150_000;

/** Characters that are written at once. */
const WRITTEN = 1 << 18;

interface TocStoreOptions {
  readonly directory: string;
  readonly owner: Owner;
  readonly totals: Pick<StoreTotals, "addFile">;
}

/**
 * Tables of contents as files by diffID. A table is derived data: a missing table is made again
 * from the blob or the snapshot.
 */
export class TocStore {
  readonly #directory: string;
  readonly #owner: Owner;
  readonly #totals: Pick<StoreTotals, "addFile">;
  readonly #recent = new LRUCache<Digest, Toc>({
    maxSize: MEMORY,
    sizeCalculation: (toc) => toc.entries.length + toc.whiteouts.length + 1,
  });

  constructor({ directory, owner, totals }: TocStoreOptions) {
    this.#directory = directory;
    this.#owner = owner;
    this.#totals = totals;
  }

  path(diffId: Digest): string {
    return join(this.#directory, digestHex(diffId));
  }

  has(diffId: Digest): boolean {
    return this.#recent.has(diffId) || existsSync(this.path(diffId));
  }

  get(diffId: Digest): Toc | undefined {
    const recent = this.#recent.get(diffId);
    if (recent) return recent;
    let text: string;
    try {
      text = readFileSync(this.path(diffId), "utf8");
    } catch (error) {
      if (systemErrorCode(error) === "ENOENT") return undefined;
      throw ioError(`Cannot read "${this.path(diffId)}"`, error);
    }
    const toc = decodeToc(text);
    if (toc?.diffId !== diffId) {
      rmSync(this.path(diffId), { force: true });
      return undefined;
    }
    this.#recent.set(diffId, toc);
    return toc;
  }

  /** Returns the TOC when it is in memory. */
  recent(diffId: Digest): Toc | undefined {
    return this.#recent.get(diffId);
  }

  save(toc: Toc): void {
    this.#recent.set(toc.diffId, toc);
    if (existsSync(this.path(toc.diffId))) return;
    const temporary = this.#owner.temporaryPath("toc");
    try {
      const file = openSync(temporary, "wx");
      try {
        let text = "";
        for (const piece of encodeToc(toc)) {
          text += piece;
          if (text.length < WRITTEN) continue;
          writeFileSync(file, text);
          text = "";
        }
        writeFileSync(file, text);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, this.path(toc.diffId));
      this.#totals.addFile(this.path(toc.diffId));
    } catch (error) {
      rmSync(temporary, { force: true });
      throw ioError(`Cannot store the table of contents of ${toc.diffId}`, error);
    }
  }

  /** Forgets a TOC whose file is removed. The next user makes it again. */
  forget(diffId: Digest): void {
    this.#recent.delete(diffId);
  }

  /** Lists the TOCs with their time of writing in milliseconds since the epoch. */
  *list(): Iterable<{ readonly diffId: Digest; readonly writtenAt: number }> {
    for (const name of existsSync(this.#directory) ? readdirSync(this.#directory) : []) {
      const diffId = `sha256:${name}`;
      const stat = isDigest(diffId) ? statSync(this.path(diffId), { throwIfNoEntry: false }) : undefined;
      if (isDigest(diffId) && stat) yield { diffId, writtenAt: stat.mtimeMs };
    }
  }
}
