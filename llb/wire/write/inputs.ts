import type { Digest } from "../../../core/digest.js";

/** An output of a written operation. */
export interface WrittenInput {
  readonly digest: Digest;
  readonly index: number;
}

/** The number that stands for the empty filesystem, and for an output that nobody has. */
export const NONE = -1;

/** The inputs of an operation in the order of their first use, each once. */
export class WrittenInputs {
  readonly list: WrittenInput[] = [];

  /** Returns the number of an input; {@link NONE} for the empty filesystem. */
  add(input: WrittenInput | undefined): number {
    if (!input) return NONE;
    const known = this.list.findIndex(({ digest, index }) => digest === input.digest && index === input.index);
    return known === -1 ? this.list.push(input) - 1 : known;
  }
}
