import type { Toc } from "../../oci/layer/model/toc.js";
import { columnsOf, entriesOf, type TocColumns } from "../../oci/layer/model/toc-columns.js";

/** Stored form, version 1. */
type StoredToc = Pick<Toc, "version" | "diffId" | "size" | "whiteouts"> & TocColumns;

/** Elements of a column in a piece of text. */
const PIECE = 8192;

/** Yields the text in pieces: the text of a large TOC is never whole in memory. */
export function* encodeToc({ diffId, size, whiteouts, entries }: Toc): Generator<string, void> {
  const { digests, rare, ...columns } = columnsOf(entries);
  yield JSON.stringify({ version: 1, diffId, size, whiteouts }).slice(0, -1);
  for (const [name, column] of Object.entries(columns)) {
    if (typeof column === "string") {
      yield `,${JSON.stringify(name)}:${JSON.stringify(column)}`;
      continue;
    }
    yield `,${JSON.stringify(name)}:[`;
    for (let at = 0; at < column.length; at += PIECE) {
      const piece = JSON.stringify(column.slice(at, at + PIECE)).slice(1, -1);
      yield at === 0 ? piece : `,${piece}`;
    }
    yield "]";
  }
  yield `,"digests":"${digests}","rare":${JSON.stringify(rare)}}`;
}

/**
 * Reads a TOC. Returns undefined when the text is not a whole TOC of this version; the caller then
 * makes the TOC again.
 */
export function decodeToc(text: string): Toc | undefined {
  let stored: StoredToc;
  try {
    stored = JSON.parse(text) as StoredToc;
  } catch {
    return undefined;
  }
  if (stored.version !== 1 || stored.types.length !== stored.paths.length) return undefined;
  const { version, diffId, size, whiteouts, ...columns } = stored;
  return { version, diffId, size, entries: entriesOf(columns), whiteouts };
}
