import type { Toc } from "../../oci/layer/model/toc.js";
import { type Numbers, numbersOf } from "../../oci/layer/model/numbers.js";
import { columnsOf, entriesOf, type TocColumns } from "../../oci/layer/model/toc-columns.js";

/** Names of the columns of numbers, in the order in which they are stored. */
const NUMBERS = ["modes", "uids", "gids", "sizes", "secs", "nsecs"] as const;

/** Stored form. Version 1. */
type StoredToc = Pick<Toc, "version" | "diffId" | "size" | "whiteouts"> &
  Pick<TocColumns, "types" | "rare"> &
  Readonly<Record<(typeof NUMBERS)[number], readonly number[]>> & {
    readonly paths: readonly string[];
    /** 64 hex digits for each file; dashes for a file without a digest. */
    readonly digests: string;
  };

/** Elements of a column in a piece of text. */
const PIECE = 8192;

const DIGEST = 32;
const NO_DIGEST = "0".repeat(2 * DIGEST);
const DASHES = "-".repeat(2 * DIGEST);

/** Yields the text in pieces: that of a large TOC is never whole in memory. */
export function* encodeToc({ diffId, size, whiteouts, entries }: Toc): Generator<string, void> {
  const { paths, types, digests, rare, ...columns } = columnsOf(entries);
  yield JSON.stringify({ version: 1, diffId, size, whiteouts }).slice(0, -1);
  yield ',"paths":[';
  yield* pathPieces(paths);
  yield `],"types":"${types}"`;
  for (const name of NUMBERS) {
    yield `,"${name}":[`;
    yield* numberPieces(columns[name]);
    yield "]";
  }
  yield ',"digests":"';
  yield* digestPieces(digests);
  yield `","rare":${JSON.stringify(rare)}}`;
}

function* pathPieces(paths: string): Generator<string, void> {
  for (let start = 0; start < paths.length; ) {
    const piece: string[] = [];
    for (; piece.length < PIECE && start < paths.length; ) {
      const end = paths.indexOf("\0", start);
      piece.push(JSON.stringify(paths.slice(start, end)));
      start = end + 1;
    }
    yield start < paths.length ? `${piece.join()},` : piece.join();
  }
}

function* numberPieces(numbers: Numbers): Generator<string, void> {
  for (let at = 0; at < numbers.length; at += PIECE) {
    const piece = numbers.subarray(at, at + PIECE).join();
    yield at === 0 ? piece : `,${piece}`;
  }
}

function* digestPieces(digests: Uint8Array): Generator<string, void> {
  const bytes = Buffer.from(digests.buffer, digests.byteOffset, digests.byteLength);
  for (let at = 0; at < bytes.length; at += PIECE * DIGEST) {
    const hex = bytes.toString("hex", at, Math.min(bytes.length, at + PIECE * DIGEST));
    yield hex.includes(NO_DIGEST) ? hex.replaceAll(/.{64}/g, (digest) => (digest === NO_DIGEST ? DASHES : digest)) : hex;
  }
}

/** Returns undefined when the text is not a whole TOC of this version: then it is made again. */
export function decodeToc(text: string): Toc | undefined {
  let stored: StoredToc;
  try {
    stored = JSON.parse(text) as StoredToc;
  } catch {
    return undefined;
  }
  if (stored.version !== 1 || stored.types.length !== stored.paths.length) return undefined;
  const { version, diffId, size, whiteouts, paths, types, digests, rare, modes, uids, gids, sizes, secs, nsecs } = stored;
  const columns: TocColumns = {
    length: paths.length,
    paths: paths.length === 0 ? "" : `${paths.join("\0")}\0`,
    types,
    modes: numbersOf(modes),
    uids: numbersOf(uids),
    gids: numbersOf(gids),
    sizes: numbersOf(sizes),
    secs: numbersOf(secs),
    nsecs: numbersOf(nsecs),
    digests: new Uint8Array(Buffer.from(digests.replaceAll("-", "0"), "hex")),
    rare,
  };
  return { version, diffId, size, entries: entriesOf(columns), whiteouts };
}
