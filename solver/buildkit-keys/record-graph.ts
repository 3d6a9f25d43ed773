import type { KeyRecord } from "../../cache/remote/content.js";
import type { KeyVertex } from "./key-vertex.js";

/** How an input of a vertex can stand in a record. */
export interface InputMatch {
  /** Records that the input itself was found to be. */
  readonly records: ReadonlySet<number>;
  /** Digest of the record that its content would be. */
  readonly content: string | undefined;
}

/** The records of one cache, for finding what BuildKit would find in it. */
export class RecordGraph {
  readonly #byDigest = new Map<string, number[]>();

  constructor(readonly records: readonly KeyRecord[]) {
    records.forEach(({ digest }, index) => {
      const known = this.#byDigest.get(digest);
      if (known) known.push(index);
      else this.#byDigest.set(digest, [index]);
    });
  }

  /** Whether there is any record of this operation, whatever its inputs. */
  mayHold({ digests }: KeyVertex): boolean {
    return digests.some((digest) => this.#byDigest.has(digest));
  }

  /** The records that a vertex is; `inputs` in its order. Every input has to be linked, by what it is under its selector, or by its content. */
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
