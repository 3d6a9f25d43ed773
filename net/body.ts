import { CanceledError, throwIfAborted } from "../core/errors.js";
import type { HttpFailures } from "./errors.js";
import { type HttpLimits, type OnWait, StalledError, waitingFor } from "./limits.js";
import type { HttpResponse } from "./response.js";

export interface HttpAnswer {
  readonly response: HttpResponse;
  /** URL of the answer, after redirects. */
  readonly url: URL;
  /** Makes the errors of the protocol that the caller speaks. */
  readonly failures: HttpFailures;
  /** Aborted when the caller gives up, or when the connections are closed. */
  readonly signal: AbortSignal;
  readonly limits: HttpLimits;
  readonly onWait?: OnWait | undefined;
}

/**
 * Yields the bytes of an answer. Fails with a temporary network error when the connection breaks,
 * or when fewer than `leastBytes` arrive within the limit; fails with CanceledError on abort. Ends
 * the connection when the reader stops early.
 */
export async function* readBody(answer: HttpAnswer, what: string): AsyncGenerator<Uint8Array, void> {
  const { failures, url, signal, limits } = answer;
  try {
    yield* watched(answer, limits);
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof CanceledError) throw error;
    throw failures.network(what, { method: "GET", url }, error);
  }
}

/** Reads the whole body, at most `limit` bytes; a longer one is a protocol error. */
export async function readAll(answer: HttpAnswer, what: string, limit: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readBody(answer, what)) {
    size += chunk.length;
    if (size > limit)
      throw answer.failures.protocol(
        what,
        { method: "GET", url: answer.url },
        `sent more than ${limit} bytes where a small document was expected`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Drops a body so that the connection can be used again. Closes the connection when the body is
 * large or does not arrive.
 */
export async function discard(answer: HttpAnswer): Promise<void> {
  await startOfBody(answer, 0);
}

/**
 * Reads the first `limit` characters of a body whose rest does not matter, such as an error's.
 * Never throws: a broken body gives the characters that arrived.
 */
export async function startOfBody(answer: HttpAnswer, limit = 8192): Promise<string> {
  const { remainder } = answer.limits;
  const kept: Uint8Array[] = [];
  let size = 0;
  try {
    // The body as a whole has the limit: nobody waits for the end of an error message.
    for await (const chunk of watched(answer, { idle: remainder, leastBytes: Number.POSITIVE_INFINITY })) {
      if (size < limit) kept.push(chunk);
      size += chunk.length;
      if (size > 65_536) break;
    }
  } catch {
    // The connection broke, the time was over, or the build was aborted. The next request finds
    // out.
  }
  return Buffer.concat(kept).toString("utf8").slice(0, limit);
}

/**
 * Yields the chunks of a body. Destroys the stream on abort, and when the server is too slow.
 * Counts only the time in which the reader waits for bytes.
 */
async function* watched(
  { response, url, signal, limits, onWait }: HttpAnswer,
  { idle, leastBytes }: Pick<HttpLimits, "idle" | "leastBytes">,
): AsyncGenerator<Uint8Array, void> {
  const stream = response.body;
  if (!stream) return;
  const cancel = (): void => void stream.destroy(new CanceledError());
  if (signal.aborted) cancel();
  signal.addEventListener("abort", cancel, { once: true });
  let received = 0;
  let reading = true;
  let late = false;
  const timer = limits.timer(idle, () => {
    if (reading) stream.destroy(new StalledError(received === 0 ? "sent nothing" : "sent too little", idle));
    else late = true;
  });
  let ended: (() => void) | undefined;
  const notice = limits.timer(limits.notice, () => {
    if (reading) ended ??= onWait?.(waitingFor(url));
  });
  try {
    for await (const chunk of stream) {
      const bytes = chunk as Uint8Array;
      received += bytes.length;
      ended?.();
      ended = undefined;
      reading = false;
      yield bytes;
      reading = true;
      notice.refresh();
      if (received < leastBytes && !late) continue;
      late = false;
      received = 0;
      timer.refresh();
    }
  } finally {
    timer.cancel();
    notice.cancel();
    ended?.();
    signal.removeEventListener("abort", cancel);
    stream.destroy();
  }
}
