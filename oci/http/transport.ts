import { Readable } from "node:stream";
import { CanceledError, throwIfAborted } from "../../core/errors.js";
import type { Connections } from "./connections.js";
import type { HttpFailures } from "./errors.js";
import { type HttpResponse, sendRequest } from "./send.js";

/** One HTTP exchange. `what` completes "Cannot …" in errors. */
export interface HttpRequest {
  readonly what: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  readonly authorization?: string | undefined;
  /** Bytes, or what opens them anew for each attempt; streams need their `size`. */
  readonly body?: Uint8Array | { readonly size: number; open(): AsyncIterable<Uint8Array> };
  readonly signal?: AbortSignal | undefined;
  /** False: any certificate is accepted. Default true. */
  readonly verify?: boolean;
}

export interface HttpAnswer {
  readonly response: HttpResponse;
  /** Where the answer came from, after redirects. */
  readonly url: URL;
  /** Makes the errors of whoever asked. */
  readonly failures: HttpFailures;
}

const MAX_REDIRECTS = 10;
/** Milliseconds without a byte after which a download counts as broken. */
export const IDLE_TIMEOUT = 60_000;
const USER_AGENT = "tsbuild";

/**
 * Sends a request and follows redirects: `Authorization` never goes to another origin (signed storage URLs refuse it). Answers with any status; throws what the connections' {@link HttpFailures} make, or CanceledError, when there is none.
 * The caller reads the body to its end or passes it to {@link discard}.
 */
export async function exchange(request: HttpRequest, connections: Connections): Promise<HttpAnswer> {
  let url = request.url;
  let authorization = request.authorization;
  for (let redirects = 0; ; redirects++) {
    const { failures } = connections;
    const response = await send({ ...request, url, authorization }, connections);
    const location = response.headers.get("location");
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return { response, url, failures };
    const keepsMethod = request.method === "GET" || request.method === "HEAD" || response.status === 307 || response.status === 308;
    await discard(response);
    if (redirects >= MAX_REDIRECTS) throw failures.protocol(request.what, { method: request.method, url }, "redirects without end");
    if (!keepsMethod)
      throw failures.protocol(request.what, { method: request.method, url }, `redirects a ${request.method} (${response.status})`);
    const next = resolveLocation(location, url);
    if (next === undefined) throw failures.protocol(request.what, { method: request.method, url }, "redirects to an address that is none");
    if (next.origin !== url.origin) authorization = undefined;
    url = next;
  }
}

/** A `Location` header as an address; relative ones count from `base`. Undefined unless it is HTTP. */
export function resolveLocation(location: string, base: URL): URL | undefined {
  try {
    const url = new URL(location, base);
    return url.protocol === "http:" || url.protocol === "https:" ? url : undefined;
  } catch {
    return undefined;
  }
}

async function send(request: HttpRequest, connections: Connections): Promise<HttpResponse> {
  throwIfAborted(request.signal);
  const agent = await connections.agent(request.url, request.verify ?? true);
  const headers: Record<string, string> = { "user-agent": USER_AGENT, ...request.headers };
  if (request.authorization !== undefined) headers["authorization"] = request.authorization;
  const source = request.body === undefined ? undefined : openBody(request.body);
  // Without a length, chunks would be sent, which some registries refuse.
  if (source !== undefined) headers["content-length"] = String(source.size);
  const waiting = new AbortController();
  const stop = (): void => waiting.abort();
  request.signal?.addEventListener("abort", stop, { once: true });
  // Uploads may be digested by the registry for minutes after their last byte; only requests without a body are timed.
  const timer = source === undefined ? setTimeout(stop, IDLE_TIMEOUT) : undefined;
  try {
    // The body's reader watches the signal from here on, see readBody.
    return await sendRequest(request.url, { method: request.method, headers, agent, signal: waiting.signal, body: source?.body });
  } catch (error) {
    throwIfAborted(request.signal);
    // What the source of an upload threw (a blob that vanished) is not the network's fault.
    const fault = source?.fault();
    if (fault !== undefined) throw fault;
    throw connections.failures.network(request.what, request, waiting.signal.aborted ? timeoutError() : error);
  } finally {
    clearTimeout(timer);
    request.signal?.removeEventListener("abort", stop);
  }
}

/** A body for fetch, and what its source threw, if it did. */
function openBody(body: NonNullable<HttpRequest["body"]>): { readonly size: number; readonly body: Buffer | Readable; fault(): unknown } {
  if (body instanceof Uint8Array)
    return { size: body.length, body: Buffer.from(body.buffer, body.byteOffset, body.length), fault: () => undefined };
  let fault: unknown;
  const guarded = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* body.open();
    } catch (error) {
      fault = error;
      throw error;
    }
  };
  return { size: body.size, body: Readable.from(guarded(), { objectMode: false, highWaterMark: 1 << 20 }), fault: () => fault };
}

/**
 * The bytes of an answer. Fails with a temporary network error when the connection breaks or stands still for {@link IDLE_TIMEOUT},
 * with CanceledError on abort. Ends the connection when the reader stops early.
 */
export async function* readBody(answer: HttpAnswer, what: string, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array, void> {
  const stream = answer.response.body;
  if (!stream) return;
  const cancel = (): void => void stream.destroy(new CanceledError());
  if (signal?.aborted) cancel();
  signal?.addEventListener("abort", cancel, { once: true });
  const idle = setTimeout(() => stream.destroy(timeoutError()), IDLE_TIMEOUT);
  try {
    for await (const chunk of stream) {
      idle.refresh();
      yield chunk as Uint8Array;
    }
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof CanceledError) throw error;
    throw answer.failures.network(what, { method: "GET", url: answer.url }, error);
  } finally {
    clearTimeout(idle);
    signal?.removeEventListener("abort", cancel);
    stream.destroy();
  }
}

/** The whole body, at most `limit` bytes; a longer one is a protocol error. */
export async function readAll(answer: HttpAnswer, what: string, limit: number, signal?: AbortSignal): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of readBody(answer, what, signal)) {
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

/** Drops a body so that its connection can be used again; closes the connection when there is much of it. */
export async function discard(response: HttpResponse): Promise<void> {
  await startOfBody(response, 0);
}

/** The first `limit` characters of a body whose rest does not matter, such as an error's. Never throws. */
export async function startOfBody(response: HttpResponse, limit = 8192): Promise<string> {
  const stream = response.body;
  if (!stream) return "";
  const kept: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream) {
      const bytes = chunk as Buffer;
      if (size < limit) kept.push(bytes);
      size += bytes.length;
      if (size > 65_536) break;
    }
  } catch {
    // The connection broke: what was read must do.
  } finally {
    stream.destroy();
  }
  return Buffer.concat(kept).toString("utf8").slice(0, limit);
}

function timeoutError(): Error {
  return Object.assign(new Error(`nothing was received for ${IDLE_TIMEOUT / 1000} seconds`), { code: "ETIMEDOUT" });
}
