import { discard, type HttpAnswer, readBody } from "./body.js";
import { Retries, type RetryOptions } from "./retry.js";

export interface ResumeOptions extends RetryOptions {
  /** Bytes that an attempt must bring for the next one to count as the first. */
  readonly progress: number;
  /** Called when a body ended as if it were complete. Throws a temporary error to go on. */
  readonly ended?: (received: number, answer: HttpAnswer) => void;
}

/** Answer to a request for the bytes from an offset on: just these (206), or all bytes (200). */
export interface PartialAnswer {
  readonly answer: HttpAnswer;
  /** Words for errors: `get blob …`. */
  readonly what: string;
}

/**
 * Yields the bytes that `ask` requests from an offset on. Resumes where a broken connection stopped
 * (Range), and gives up when several attempts in a row brought little: a server may cut every
 * answer after two bytes.
 */
export async function* resumed(ask: (from: number) => Promise<PartialAnswer>, options: ResumeOptions): AsyncGenerator<Uint8Array, void> {
  const retries = new Retries(options);
  for (let received = 0; ; ) {
    const from = received;
    const { answer, what } = await ask(from);
    try {
      for await (const chunk of continued(answer, from, what)) {
        received += chunk.length;
        yield chunk;
      }
      options.ended?.(received, answer);
      return;
    } catch (error) {
      if (received - from >= options.progress) retries.progressed();
      await retries.next(error);
    }
  }
}

/** Yields a body from byte `from` on, also when the server sent everything again. */
async function* continued(answer: HttpAnswer, from: number, what: string): AsyncGenerator<Uint8Array, void> {
  let skip = 0;
  if (answer.response.status !== 206) skip = from;
  else if (Number(/^bytes (\d+)-/.exec(answer.response.headers.get("content-range") ?? "")?.[1]) !== from) {
    await discard(answer);
    throw answer.failures.protocol(what, { method: "GET", url: answer.url }, "answered with another range than was asked for");
  }
  for await (const chunk of readBody(answer, what)) {
    if (skip >= chunk.length) {
      skip -= chunk.length;
      continue;
    }
    yield skip > 0 ? chunk.subarray(skip) : chunk;
    skip = 0;
  }
}
