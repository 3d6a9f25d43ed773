import { closeSync, ftruncateSync, writeSync } from "node:fs";

/** Zeros that become a hole. A shorter hole costs more in calls than it saves on the disk. */
const HOLE = Buffer.alloc(1 << 16);

/**
 * Writes a new file from chunks and leaves holes where they are zeros, so that a sparse file of an
 * archive stays sparse.
 */
export class SparseWriter {
  readonly fd: number;
  #position: number;
  #endsInHole = false;

  /** Takes an open file, which ends at `position`. */
  constructor(fd: number, position = 0) {
    this.fd = fd;
    this.#position = position;
  }

  /** Place behind the last byte. */
  get position(): number {
    return this.#position;
  }

  write(chunk: Buffer): void {
    if (chunk.length < HOLE.length) return this.#bytes(chunk);
    for (let at = 0; at < chunk.length; ) {
      const start = at;
      while (at < chunk.length && !isHole(chunk, at)) at = Math.min(chunk.length, at + HOLE.length);
      if (at > start) this.#bytes(chunk.subarray(start, at));
      while (at < chunk.length && isHole(chunk, at)) {
        at += HOLE.length;
        this.#position += HOLE.length;
        this.#endsInHole = true;
      }
    }
  }

  /** Sets the length of the file, which stays open. */
  finish(): void {
    if (this.#endsInHole) ftruncateSync(this.fd, this.#position);
  }

  close(): void {
    closeSync(this.fd);
  }

  #bytes(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; ) {
      const written = writeSync(this.fd, bytes, at, bytes.length - at, this.#position);
      at += written;
      this.#position += written;
    }
    this.#endsInHole = false;
  }
}

function isHole(chunk: Buffer, at: number): boolean {
  return chunk[at] === 0 && chunk.length - at >= HOLE.length && HOLE.equals(chunk.subarray(at, at + HOLE.length));
}
