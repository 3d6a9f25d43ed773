import { Duplex } from "node:stream";
import type { Call } from "./method.js";

interface Bytes {
  readonly data?: Uint8Array;
}

/** Bytes of one message of a tunnel. */
const PIECE = 1 << 20;

/**
 * Returns a stream of bytes that is carried by the messages of a call, as BuildKit carries sessions
 * and agents. `end` says that this side sends no more.
 */
export function tunnel({ send, messages, end }: Call<Bytes, Bytes> & { end(): void }): Duplex {
  const received = messages[Symbol.asyncIterator]();
  let reading = false;
  return new Duplex({
    async read() {
      if (reading) return;
      reading = true;
      try {
        for (;;) {
          const { done, value } = await received.next();
          if (done) return void this.push(null);
          const { data } = value;
          if (data === undefined || data.length === 0) continue;
          reading = false;
          this.push(data);
          return;
        }
      } catch (error) {
        this.destroy(error instanceof Error ? error : new Error(String(error)));
      }
    },
    writev(chunks, done) {
      const all = Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer));
      afterwards(sendPieces(all, send), done);
    },
    write(chunk: Buffer, _encoding, done) {
      afterwards(sendPieces(chunk, send), done);
    },
    final(done) {
      end();
      done();
    },
    destroy(error, done) {
      end();
      done(error);
    },
  });
}

/** Reports the end of work as streams want it. */
function afterwards(work: Promise<void>, done: (error?: Error | null) => void): void {
  const report = async (): Promise<void> => {
    let failure: unknown;
    try {
      await work;
    } catch (error) {
      failure = error;
    }
    done(failure === undefined ? null : failure instanceof Error ? failure : new Error(String(failure)));
  };
  void report();
}

async function sendPieces(all: Buffer, send: Call<Bytes, Bytes>["send"]): Promise<void> {
  for (let at = 0; at < all.length; at += PIECE) await send({ data: all.subarray(at, at + PIECE) });
}
