/** Bytes of the shortest value that is masked: shorter texts occur by chance too often. */
const SHORTEST = 4;
const COVER = Buffer.from("****");

/**
 * Masks secret values in a step's output. Searches a value without the line breaks around it, and a
 * value of several lines line by line too (lines shorter than 8 characters by themselves reveal
 * nothing). The end of a chunk that may be the start of a value waits for the next chunk.
 */
export class OutputMask {
  readonly #values: readonly Buffer[];
  #held: Buffer = Buffer.alloc(0);

  constructor(secrets: readonly Uint8Array[]) {
    const values = new Set(secrets.flatMap(valuesOf));
    // The longest first: one value may begin another.
    this.#values = [...values].map((value) => Buffer.from(value, "latin1")).sort((a, b) => b.length - a.length);
  }

  get empty(): boolean {
    return this.#values.length === 0;
  }

  /** Returns the output that may be shown now. */
  cover(chunk: Uint8Array): Buffer {
    const data = this.#held.length === 0 ? Buffer.from(chunk) : Buffer.concat([this.#held, chunk]);
    return this.#replace(data, false);
  }

  /** Returns the output that was held back, at the end. */
  end(): Buffer {
    return this.#replace(this.#held, true);
  }

  #replace(data: Buffer, last: boolean): Buffer {
    const shown: Buffer[] = [];
    let from = 0;
    for (;;) {
      const found = this.#first(data, from);
      if (!found) break;
      // A longer value may begin here or before, and end in the next chunk.
      if (!last && this.#partialMatch(data, from) <= found.at) break;
      shown.push(data.subarray(from, found.at), COVER);
      from = found.at + found.length;
    }
    const keep = last ? data.length : this.#partialMatch(data, from);
    shown.push(data.subarray(from, keep));
    this.#held = data.subarray(keep);
    return Buffer.concat(shown);
  }

  #first(data: Buffer, from: number): { readonly at: number; readonly length: number } | undefined {
    let best: { at: number; length: number } | undefined;
    for (const value of this.#values) {
      const at = data.indexOf(value, from);
      if (at !== -1 && (!best || at < best.at)) best = { at, length: value.length };
    }
    return best;
  }

  /** Returns the start of the longest end of `data` that begins a value. */
  #partialMatch(data: Buffer, from: number): number {
    let start = data.length;
    for (const value of this.#values) {
      for (let length = Math.min(value.length - 1, data.length - from); length > data.length - start; length--) {
        if (data.subarray(data.length - length).equals(value.subarray(0, length))) {
          start = data.length - length;
          break;
        }
      }
    }
    return start;
  }
}

function valuesOf(secret: Uint8Array): string[] {
  const text = Buffer.from(secret).toString("latin1");
  const whole = text.replace(/^[\r\n]+|[\r\n]+$/g, "");
  const lines = whole.split(/\r?\n/);
  return [whole, ...(lines.length > 1 ? lines.filter((line) => line.trim().length >= 8) : [])].filter((value) => value.length >= SHORTEST);
}
