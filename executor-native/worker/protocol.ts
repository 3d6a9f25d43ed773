import { deserialize, serialize } from "node:v8";
import type { SandboxSpec } from "../contract.js";
import type { TransferredError } from "../../core/error-transfer.js";

/**
 * A message from the main process to the worker. The main process chooses ids and uses each once.
 */
export type Request =
  | { readonly type: "run"; readonly id: number; readonly spec: SandboxSpec }
  | { readonly type: "task"; readonly id: number; readonly name: string; readonly params: unknown }
  | { readonly type: "remove"; readonly id: number; readonly paths: readonly string[] }
  | { readonly type: "abort"; readonly id: number }
  /** Input for the run `run`; answered when it takes more. No data is the end. */
  | { readonly type: "input"; readonly id: number; readonly run: number; readonly data?: Uint8Array }
  | { readonly type: "order"; readonly id: number; readonly run: number; readonly order: Order }
  /** Runs the health check of a run; answered with its result. */
  | { readonly type: "check"; readonly id: number; readonly run: number }
  /** Stops reading the output of the run, or reads on. */
  | { readonly type: "flow"; readonly id: number; readonly run: number; readonly paused: boolean };

/** An order to the command of a run, in the words of the native part. */
export type Order =
  | { readonly kind: "resize"; readonly rows: number; readonly columns: number }
  | { readonly kind: "signal"; readonly number: number };

/**
 * A message from the worker to the main process. Every request but `abort` is answered once, by
 * `done` or `failed`.
 */
export type Response =
  | { readonly type: "ready"; readonly outerProc: boolean }
  | { readonly type: "done"; readonly id: number; readonly value: unknown }
  | { readonly type: "failed"; readonly id: number; readonly error: TransferredError }
  | { readonly type: "progress"; readonly id: number; readonly value: unknown };

/**
 * One frame: 4 bytes little-endian length of the rest, 1 byte kind, 4 bytes request id, body.
 * Messages (kind 0, id unused) are structured-clone bytes. Output of a sandbox (kinds 1 and 2, its
 * descriptors) is raw.
 */
export type Frame<M> =
  | { readonly kind: "message"; readonly message: M }
  | { readonly kind: "output"; readonly id: number; readonly stream: "stdout" | "stderr"; readonly data: Uint8Array };

const HEADER = 9;

export function encodeMessage(message: Request | Response): Buffer {
  const body = serialize(message);
  return Buffer.concat([header(0, 0, body.length), body]);
}

/** Returns the header of an output frame; the raw data follows. */
export function outputHeader(id: number, stream: "stdout" | "stderr", size: number): Buffer {
  return header(stream === "stdout" ? 1 : 2, id, size);
}

function header(kind: number, id: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER);
  bytes.writeUInt32LE(HEADER - 4 + size, 0);
  bytes.writeUInt8(kind, 4);
  bytes.writeUInt32LE(id, 5);
  return bytes;
}

/**
 * Cuts a byte stream into frames. The data of output frames may share memory with the chunk that it
 * came in.
 */
export class FrameReader<M> {
  #chunks: Buffer[] = [];
  #size = 0;

  *read(chunk: Buffer): Generator<Frame<M>> {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= HEADER) {
      const first = this.#chunks[0] as Buffer;
      const start = first.length >= HEADER ? first : this.#join();
      const size = 4 + start.readUInt32LE(0);
      if (this.#size < size) return;
      const bytes = start.length >= size ? start : this.#join();
      const rest = bytes.subarray(size);
      if (rest.length === 0) this.#chunks.shift();
      else this.#chunks[0] = rest;
      this.#size -= size;
      const kind = bytes.readUInt8(4);
      const body = bytes.subarray(HEADER, size);
      if (kind === 0) yield { kind: "message", message: deserialize(body) as M };
      else yield { kind: "output", id: bytes.readUInt32LE(5), stream: kind === 1 ? "stdout" : "stderr", data: body };
    }
  }

  #join(): Buffer {
    const all = Buffer.concat(this.#chunks);
    this.#chunks = [all];
    return all;
  }
}
