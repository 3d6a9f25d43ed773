import { Writable } from "node:stream";
import { throwIfAborted } from "../../../core/errors.js";
import { type ClientCall } from "../grpc/channel.js";
import { SEND_FILE } from "../messages/session.js";
import type { ClientSession } from "./client-session.js";

/** Bytes of one message: clients written with gRPC for Go take at most 4 MiB. */
const PIECE = 1 << 20;

type Sending = ClientCall<{ readonly data?: Uint8Array }, { readonly data?: Uint8Array }>;

interface SentFileOptions {
  /** Number of the client's output. */
  readonly exporter: number;
  readonly signal: AbortSignal;
}

/**
 * Returns a stream that writes one file of the client's. The call begins with the first bytes, and
 * the stream ends when the client has written all.
 */
export function sentFile({ channel }: ClientSession, { exporter, signal }: SentFileOptions): Writable {
  let call: Sending | undefined;
  const open = (): Sending =>
    (call ??= channel.call(SEND_FILE, { signal, metadata: { "buildkit-attachable-exporter-id": String(exporter) } }));
  const send = async (chunk: Buffer): Promise<void> => {
    for (let at = 0; at < chunk.length; at += PIECE) await open().send({ data: chunk.subarray(at, at + PIECE) });
    throwIfAborted(signal);
  };
  const finish = async (): Promise<void> => {
    const { end, messages } = open();
    end();
    for await (const _ of messages);
  };
  return new Writable({
    highWaterMark: PIECE,
    write: (chunk: Buffer, _encoding, done) => void report(send(chunk), done),
    final: (done) => void report(finish(), done),
    destroy(error, done) {
      call?.cancel();
      done(error);
    },
  });
}

async function report(work: Promise<void>, done: (error?: Error | null) => void): Promise<void> {
  try {
    await work;
  } catch (error) {
    return done(error instanceof Error ? error : new Error(String(error)));
  }
  done();
}
