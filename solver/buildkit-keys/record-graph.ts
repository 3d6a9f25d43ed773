import type { KeyRecord } from "../../cache/remote/content.js";
import type { KeyVertex } from "./key-vertex.js";

/** Ways in which an input of a vertex can stand in a record. */
interface InputMatch {
  /** Records that match the input itself. */
  readonly records: ReadonlySet<number>;
  /** Digest of the record for its content. */
  readonly content: string | undefined;
}

/** The records of one cache, searched as BuildKit does. */
export class RecordGraph {
  readonly records: readonly KeyRecord[];
  readonly #byDigest = new Map<string, number[]>();

  constructor(records: readonly KeyRecord[]) {
    this.records = records;

    records.forEach(({ digest }, index) => {
      const known = this.#byDigest.get(digest);
      if (known) known.push(index);
      else this.#byDigest.set(digest, [index]);
    });
  }

  /** Returns true when there is any record of this operation, with any inputs. */
  mayHold({ digests }: KeyVertex): boolean {
    return digests.some((digest) => this.#byDigest.has(digest));
  }

  /**
   * Returns the records that match a vertex; `inputs` are in its order. Every input has to be
   * linked, by its records under its selector, or by its content.
   */
  match(vertex: KeyVertex, inputs: readonly InputMatch[]): ReadonlySet<number> {
    const found = new Set<number>();
    for (const index of vertex.digests.flatMap((digest) => this.#byDigest.get(digest) ?? [])) {
      const record = this.records[index] as KeyRecord;
      if (record.inputs.length !== vertex.inputs.length) continue;
      const isLinked = (links: KeyRecord["inputs"][number], at: number): boolean => {
        const { records, content } = inputs[at] as InputMatch;
        const selector = vertex.inputs[at]?.selector;
        return links.some(
          (link) =>
            (link.selector === selector && records.has(link.record)) || (link.selector === "" && this.#isContent(link.record, content)),
        );
      };
      if (record.inputs.every(isLinked)) found.add(index);
    }
    return found;
  }

  #isContent(index: number, digest: string | undefined): boolean {
    const record = this.records[index];
    return record !== undefined && record.inputs.length === 0 && record.digest === digest;
  }
}
