/**
 * Cuts a zstd stream (RFC 8878) into its frames. Node's decoder stops silently after the first
 * frame of several (nodejs/node#64741), and layers often have many: our own writer, pzstd and
 * zstd:chunked make one for each block. Skippable frames are left out.
 */
export class ZstdFrames {
  #state: "magic" | "descriptor" | "block" | "payload" | "checksum" | "skip-size" | "skip" = "magic";
  #need = 4;
  #have = 0;
  readonly #field = Buffer.alloc(18);
  #left = 0;
  #last = false;
  #checksum = false;

  /** True when the bytes so far end at the end of a frame. */
  get complete(): boolean {
    return this.#state === "magic" && this.#have === 0;
  }

  /**
   * Calls `data` with the bytes of frames in order and `end` after each frame. Returns the fault,
   * if any.
   */
  push(chunk: Buffer, data: (part: Buffer) => void, end: () => void): string | undefined {
    let start = 0;
    const flush = (to: number) => {
      if (to > start) data(chunk.subarray(start, to));
      start = to;
    };
    for (let at = 0; at < chunk.length; ) {
      if (this.#state === "payload" || this.#state === "skip") {
        const used = Math.min(this.#left, chunk.length - at);
        at += used;
        this.#left -= used;
        if (this.#state === "skip") start = at;
        if (this.#left > 0) continue;
        if (this.#state === "skip") this.#expect("magic", 4);
        else if (!this.#last) this.#expect("block", 3);
        else if (this.#checksum) this.#expect("checksum", 4);
        else {
          flush(at);
          end();
          this.#expect("magic", 4);
        }
        continue;
      }
      this.#field[this.#have++] = chunk[at++] as number;
      if (this.#have < this.#need) continue;
      const problem = this.#fieldDone(data, (skipped) => {
        if (skipped) start = at;
        else {
          flush(at);
          end();
        }
      });
      if (problem !== undefined) return problem;
      if (this.#state === "descriptor" && this.#have === 0) start = at;
    }
    if (this.#state !== "skip" && this.#state !== "skip-size" && this.#state !== "magic") flush(chunk.length);
    return undefined;
  }

  /**
   * Handles a complete field. Magic numbers are held back until it is known whether their frame is
   * skipped.
   */
  #fieldDone(data: (part: Buffer) => void, boundary: (skipped: boolean) => void): string | undefined {
    const field = this.#field;
    switch (this.#state) {
      case "magic": {
        const magic = field.readUInt32LE(0);
        if (magic === 0xfd2fb528) {
          data(Buffer.from(field.subarray(0, 4)));
          this.#expect("descriptor", 1);
        } else if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) this.#expect("skip-size", 4);
        else return "bytes that begin no zstd frame";
        return undefined;
      }
      case "descriptor": {
        const descriptor = field[0] as number;
        const single = (descriptor & 0x20) !== 0;
        const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6] as number;
        const dictionary = [0, 1, 2, 4][descriptor & 3] as number;
        const length = 1 + (single ? 0 : 1) + dictionary + contentSize;
        this.#checksum = (descriptor & 4) !== 0;
        if (this.#have < length) this.#need = length;
        else this.#expect("block", 3);
        return undefined;
      }
      case "block": {
        const header = field.readUIntLE(0, 3);
        const type = (header >> 1) & 3;
        if (type === 3) return "a zstd block of unknown type";
        this.#last = (header & 1) !== 0;
        this.#left = type === 1 ? 1 : header >> 3;
        this.#state = "payload";
        this.#have = 0;
        if (this.#left > 0) return undefined;
        if (!this.#last) this.#expect("block", 3);
        else if (this.#checksum) this.#expect("checksum", 4);
        else {
          boundary(false);
          this.#expect("magic", 4);
        }
        return undefined;
      }
      case "checksum":
        boundary(false);
        this.#expect("magic", 4);
        return undefined;
      case "skip-size":
        this.#left = field.readUInt32LE(0);
        boundary(true);
        if (this.#left > 0) this.#state = "skip";
        else this.#expect("magic", 4);
        this.#have = 0;
        return undefined;
      case "payload":
      case "skip":
        return undefined;
    }
  }

  #expect(state: "magic" | "descriptor" | "block" | "checksum" | "skip-size", bytes: number): void {
    this.#state = state;
    this.#need = bytes;
    this.#have = 0;
  }
}
