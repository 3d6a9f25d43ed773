import { throwIfAborted } from "../../core/errors.js";
import type { TarHeader } from "../tar/header.js";
import { padding } from "../tar/header.js";
import { encodeHeader, END_MARKER_SIZE } from "../tar/writer.js";
import type { ByteSink } from "./byte-sink.js";

const ZEROS = Buffer.alloc(Math.max(512, END_MARKER_SIZE));

/** Writes a tar to a sink, entry after entry. */
export class ArchiveWriter {
  #written = 0;

  constructor(
    private readonly sink: ByteSink,
    private readonly options: {
      readonly signal?: AbortSignal | undefined;
      readonly onProgress?: ((bytes: number) => void) | undefined;
    } = {},
  ) {}

  /** An entry with its content; `content` must give exactly `header.size` bytes. */
  async entry(header: TarHeader, content?: Uint8Array | AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<void> {
    await this.#write(encodeHeader(header));
    let size = 0;
    if (content instanceof Uint8Array) {
      size = content.length;
      await this.#write(content);
    } else if (content !== undefined) {
      for await (const chunk of content) {
        size += chunk.length;
        await this.#write(chunk);
      }
    }
    if (size !== header.size) throw new Error(`internal: tar entry ${header.name} got ${size} bytes instead of ${header.size}`);
    if (padding(size) > 0) await this.#write(ZEROS.subarray(0, padding(size)));
  }

  /** The end marker. The sink stays open. */
  async finish(): Promise<void> {
    await this.#write(ZEROS.subarray(0, END_MARKER_SIZE));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    throwIfAborted(this.options.signal);
    const waiting = this.sink.write(bytes);
    if (waiting !== undefined) await waiting;
    this.#written += bytes.length;
    this.options.onProgress?.(this.#written);
  }
}

/** Header of a file or directory that belongs to nobody and has no date: the same on every machine. */
export function plainHeader(name: string, type: "file" | "dir", mode: number, size = 0): TarHeader {
  return { name, type, mode, uid: 0, gid: 0, size, mtime: { sec: 0, nsec: 0 } };
}
