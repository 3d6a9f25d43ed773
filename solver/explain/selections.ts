import { createDeflateRaw, inflateRawSync } from "node:zlib";
import type { Memo } from "../../cache/contract/memo.js";
import { differingEntries, type SelectedEntries } from "./selection-manifest.js";
import type { Background } from "../layers/background.js";

/** Kind of memo. A memo may vanish, and explanations then name no files. */
const KIND = "selection";

/** Gives the text in pieces, each time it is asked for. */
export type Manifest = () => Iterable<string>;

/** Characters; of what is larger no files are named. About 100,000 entries. */
const LARGEST = 16 << 20;

/** Bytes by which a list may be longer than the one before it, without being copied. */
const SPARE = 4096;

interface SelectionsOptions {
  readonly memo: Pick<Memo, "get" | "set">;
  readonly background: Background;
  readonly imported?: (digest: string) => string | undefined;
}

/**
 * Lists of files behind content digests. Every digest of a build is noted, which costs nothing;
 * those in the key of a step that ran are written, compressed, beside the build.
 */
export class Selections {
  readonly #imported: (digest: string) => string | undefined;
  readonly #memo: Pick<Memo, "get" | "set">;
  readonly #background: Background;
  readonly #noted = new Map<string, Manifest>();

  /** `imported` returns lists that were imported with caches of other machines. */
  constructor({ memo, background, imported = () => undefined }: SelectionsOptions) {
    this.#imported = imported;
    this.#memo = memo;
    this.#background = background;
  }

  readonly note = (digest: string, manifest: Manifest): void => {
    this.#noted.set(digest, manifest);
  };

  /** Writes the lists that were noted for these digests. */
  keep(digests: readonly string[]): void {
    for (const digest of digests) {
      const manifest = this.#noted.get(digest);
      if (manifest) this.#background.start(() => this.#write(digest, manifest));
    }
  }

  /**
   * Returns the entries in which two selections differ; undefined when one of them is not known any
   * more.
   */
  differing(was: string, is: string): { readonly before: SelectedEntries; readonly after: SelectedEntries } | undefined {
    const before = this.#encoded(was);
    const after = before && this.#encoded(is, before.length);
    return before === undefined || after === undefined ? undefined : differingEntries(before, after);
  }

  /** Returns the list of files behind a digest, as `encodeSelection` made it. */
  read(digest: string): string | undefined {
    return this.#encoded(digest)?.toString("utf8");
  }

  /** Returns a list as bytes. `size` is that of a list that is probably nearly equal. */
  #encoded(digest: string, size = 0): Buffer | undefined {
    const noted = this.#noted.get(digest);
    if (noted) return bytesOf(noted(), size);
    const kept = this.#memo.get(KIND, digest);
    try {
      if (kept) return inflateRawSync(kept);
    } catch {
      // The memo has another format.
      return undefined;
    }
    const imported = this.#imported(digest);
    return imported === undefined ? undefined : Buffer.from(imported);
  }

  async #write(digest: string, manifest: Manifest): Promise<void> {
    const compressed = await compress(manifest());
    if (compressed) this.#memo.set(KIND, digest, compressed);
  }
}

/**
 * Returns a text in bytes. Note that we write it piece by piece into one block, because the pieces
 * together would be the largest objects of the whole build.
 */
function bytesOf(pieces: Iterable<string>, size: number): Buffer {
  let bytes = Buffer.allocUnsafe(size + SPARE);
  let length = 0;
  for (const piece of pieces) {
    const needed = length + Buffer.byteLength(piece);
    if (needed > bytes.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, bytes.length * 2));
      bytes.copy(grown, 0, 0, length);
      bytes = grown;
    }
    length += bytes.write(piece, length);
  }
  return bytes.subarray(0, length);
}

/** Returns nothing for a text that is too large. */
async function compress(pieces: Iterable<string>): Promise<Buffer | undefined> {
  const { pipeline } = await import("node:stream/promises");
  const compressed: Buffer[] = [];
  let length = 0;
  function* counted(): Generator<string, void> {
    for (const piece of pieces) {
      length += piece.length;
      if (length > LARGEST) return;
      if (piece !== "") yield piece;
    }
  }
  await pipeline(counted, createDeflateRaw({ level: 1 }), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) compressed.push(chunk);
  });
  return length > LARGEST ? undefined : Buffer.concat(compressed);
}
