import { protocolError } from "../errors.js";

/** Bytes of the largest message that is taken, as in BuildKit. */
const MAX_MESSAGE = 16 << 20;

const HEADER = 5;

/**
 * Returns a message with its header: a flag for compression, which nobody uses here, and its
 * length.
 */
export function frame(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(HEADER + message.length);
  framed[0] = 0;
  framed.writeUInt32BE(message.length, 1);
  framed.set(message, HEADER);
  return framed;
}

/** Takes messages out of the bytes of a stream, however these are cut. */
export class FrameReader {
  readonly #limit: number;
  #chunks: Buffer[] = [];
  #length = 0;
  /** Bytes of the message that is being read, with its header; undefined before its header. */
  #wanted: number | undefined;

  constructor(limit = MAX_MESSAGE) {
    this.#limit = limit;
  }

  /** Yields the messages that are complete with `chunk`. Throws for one that is too large. */
  *push(chunk: Buffer): Generator<Buffer, void> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    for (;;) {
      if (this.#wanted === undefined && this.#length >= HEADER) this.#wanted = this.#header();
      if (this.#wanted === undefined || this.#length < this.#wanted) return;
      const all = this.#joined();
      const message = all.subarray(HEADER, this.#wanted);
      const rest = all.subarray(this.#wanted);
      this.#chunks = rest.length === 0 ? [] : [rest];
      this.#length = rest.length;
      this.#wanted = undefined;
      yield message;
    }
  }

  /** Throws when the stream has ended inside a message. */
  end(): void {
    if (this.#length > 0) throw protocolError(`a message ends after ${this.#length} of ${this.#wanted ?? "unknown"} bytes`);
  }

  #header(): number {
    const head = this.#joined();
    if (head[0] !== 0) throw protocolError("a message is compressed, which nobody asked for");
    const length = head.readUInt32BE(1);
    if (length > this.#limit) throw protocolError(`a message of ${length} bytes is larger than ${this.#limit}`);
    return HEADER + length;
  }

  #joined(): Buffer {
    const all = this.#chunks.length === 1 ? (this.#chunks[0] as Buffer) : Buffer.concat(this.#chunks, this.#length);
    this.#chunks = [all];
    return all;
  }
}
