import { createReadStream, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Digest, isDigest } from "../../../core/digest.js";
import { RpcError, STATUS } from "../../../solver/buildkit/grpc/status.js";
import { CONTENT_WRITE, WRITE_ACTION } from "../../../solver/buildkit/messages/session.js";
import type { ClientSession } from "../../../solver/buildkit/serving/client-session.js";

/** Name of the client's store for results. */
const RESULTS = "export";

/** Bytes in one message. */
const PIECE = 1 << 20;

interface SendOptions {
  readonly client: ClientSession;
  readonly signal: AbortSignal;
  readonly store?: string;
}

/** Puts the blobs of a layout into a store of the client, except those that it has. */
export async function sendLayout(directory: string, options: SendOptions): Promise<void> {
  const blobs = join(directory, "blobs", "sha256");
  for (const name of readdirSync(blobs)) {
    const digest = `sha256:${name}`;
    if (isDigest(digest)) await sendBlob(join(blobs, name), digest, options);
  }
}

async function sendBlob(path: string, digest: Digest, { client, signal, store = RESULTS }: SendOptions): Promise<void> {
  const total = statSync(path).size;
  const call = client.channel.call(CONTENT_WRITE, { signal, metadata: { "buildkit-attachable-store-id": store } });
  const answers = call.messages[Symbol.asyncIterator]();
  try {
    await call.send({ action: WRITE_ACTION.STAT, ref: `tsbuild-${digest}`, total, expected: digest });
    await answers.next();
    let offset = 0;
    for await (const data of createReadStream(path, { highWaterMark: PIECE }) as AsyncIterable<Buffer>) {
      await call.send({ action: WRITE_ACTION.WRITE, offset, data });
      await answers.next();
      offset += data.length;
    }
    await call.send({ action: WRITE_ACTION.COMMIT, offset, total, expected: digest });
    await answers.next();
    call.end();
  } catch (error) {
    if (error instanceof RpcError && error.status === STATUS.ALREADY_EXISTS) return;
    throw error;
  } finally {
    call.cancel();
  }
}
