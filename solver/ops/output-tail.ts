/** Bytes of a step's output that an error repeats. */
const LIMIT = 64 * 1024;

/** Keeps the end of a stream of bytes. */
export class OutputTail {
  #chunks: Uint8Array[] = [];
  #size = 0;

  add(data: Uint8Array): void {
    this.#chunks.push(data);
    this.#size += data.length;
    while (this.#chunks.length > 1 && this.#size - (this.#chunks[0] as Uint8Array).length >= LIMIT)
      this.#size -= (this.#chunks.shift() as Uint8Array).length;
  }

  text(): string {
    const all = Buffer.concat(this.#chunks);
    return all.subarray(Math.max(0, all.length - LIMIT)).toString("utf8");
  }
}
