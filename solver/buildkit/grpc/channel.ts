import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from "node:http2";
import type { Duplex } from "node:stream";
import { throwIfAborted, TsbuildError } from "../../../core/errors.js";
import { drained } from "../../../core/tasks/drained.js";
import type { AnyMessage, ValueOf } from "../../../llb/wire/message.js";
import { connectionLost, protocolError } from "../errors.js";
import { closeSoon } from "./close-soon.js";
import { frame, FrameReader } from "./frames.js";
import { type Call, type Method, read, write } from "./method.js";
import { RpcError, STATUS, unescapeMessage } from "./status.js";

/** Bytes that the other side may send before we have read them. */
export const WINDOW = 4 << 20;

interface CallOptions {
  readonly signal?: AbortSignal;
  /** Metadata; a name may have several values. */
  readonly metadata?: Readonly<Record<string, string | string[]>>;
}

/** A call that this side began. */
export interface ClientCall<Sent, Received> extends Call<Sent, Received> {
  /** Sends several messages at once. */
  sendAll(messages: readonly Sent[]): Promise<void>;
  /** Says that no more messages follow. */
  end(): void;
  /** Ends the call without waiting for the other side. */
  cancel(): void;
}

/** A connection on which methods of the other side are called: gRPC over a stream that is given. */
export class Channel {
  readonly #session: ClientHttp2Session;
  readonly #name: string;
  readonly #stream: Duplex;
  #failure: unknown;

  /** `name` is the address of the other side, for messages. */
  constructor(stream: Duplex, name: string) {
    this.#name = name;
    this.#stream = stream;
    // The connection is there already; the authority is only a header.
    this.#session = connect("http://localhost", {
      createConnection: () => stream,
      settings: { initialWindowSize: WINDOW, enablePush: false },
    });
    this.#session.on("error", (error) => (this.#failure ??= error));
    this.#session.on("connect", () => this.#session.setLocalWindowSize(WINDOW));
    // A stream that fails is reported by the calls on it.
    stream.on("error", (error) => (this.#failure ??= error));
  }

  /** True until the connection has ended. */
  get open(): boolean {
    return !this.#session.closed && !this.#session.destroyed;
  }

  /** Calls a method with one message on each side. */
  async unary<Q extends AnyMessage, R extends AnyMessage>(
    { path, request, response }: Method<Q, R>,
    message: ValueOf<Q>,
    options: CallOptions = {},
  ): Promise<ValueOf<R>> {
    const call = this.call({ path, request, response }, options);
    await call.send(message);
    call.end();
    let answer: ValueOf<R> | undefined;
    for await (const found of call.messages) answer ??= found;
    if (answer === undefined) throw protocolError(`${path} has no answer`);
    return answer;
  }

  /** Begins a call. The other side hears of an abort of its signal. */
  call<Q extends AnyMessage, R extends AnyMessage>(
    { path, request, response }: Method<Q, R>,
    { signal, metadata = {} }: CallOptions = {},
  ): ClientCall<ValueOf<Q>, ValueOf<R>> {
    throwIfAborted(signal);
    if (!this.open) throw this.#lost();
    const stream = this.#session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      "user-agent": "tsbuild",
      ...metadata,
    });
    let failure: unknown;
    stream.on("error", (error) => (failure ??= error));
    const cancel = (): void => closeSoon(stream, constants.NGHTTP2_CANCEL);
    signal?.addEventListener("abort", cancel, { once: true });
    stream.once("close", () => signal?.removeEventListener("abort", cancel));
    const status = statusOf(stream);
    const fail = (error?: unknown): never => {
      throwIfAborted(signal);
      throw this.#lost(failure ?? error);
    };
    const put = async (framed: Buffer): Promise<void> => {
      throwIfAborted(signal);
      if (stream.closed || stream.destroyed) return;
      if (!stream.write(framed)) await drained(stream);
    };
    return {
      cancel,
      end: () => void stream.end(),
      send: (message) => put(frame(write(request, message))),
      sendAll: (messages) => put(Buffer.concat(messages.map((message) => frame(write(request, message))))),
      messages: messagesOf(stream, { path, status, fail, form: response }),
    };
  }

  /** Ends the connection, with everything that runs on it. */
  close(): void {
    this.#session.destroy();
    this.#stream.destroy();
  }

  #lost(cause: unknown = this.#failure): Error {
    const why = this.#failure ?? cause;
    // The way itself knows best what happened on it.
    if (why instanceof TsbuildError) return why;
    return connectionLost(this.#name, reasonOf(why), why);
  }
}

/**
 * Returns the headers that end a call: those behind the messages, or the first where there are
 * none.
 */
function statusOf(stream: ClientHttp2Stream): () => IncomingHttpHeaders | undefined {
  let first: IncomingHttpHeaders | undefined;
  let last: IncomingHttpHeaders | undefined;
  stream.on("response", (headers) => (first = headers));
  stream.on("trailers", (headers) => (last = headers));
  return () => (last?.["grpc-status"] === undefined ? first : last);
}

interface MessagesOptions<R> {
  readonly path: string;
  readonly status: () => IncomingHttpHeaders | undefined;
  /** Throws the error of a connection that ended. */
  readonly fail: (error?: unknown) => never;
  readonly form: R;
}

async function* messagesOf<R extends AnyMessage>(
  stream: ClientHttp2Stream,
  { path, status, fail, form }: MessagesOptions<R>,
): AsyncGenerator<ValueOf<R>, void> {
  const reader = new FrameReader();
  try {
    // Leaving the loop must not destroy the stream at once, see `closeSoon`.
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>)
      for (const message of reader.push(chunk)) yield read(form, message);
  } catch (error) {
    if (isStreamError(error)) fail(error);
    throw error;
  } finally {
    closeSoon(stream, constants.NGHTTP2_CANCEL);
  }
  const headers = status();
  const code = headers?.["grpc-status"];
  if (headers === undefined) return fail();
  const http = Number(headers[":status"]);
  if (code === undefined && http !== 200) throw protocolError(`${path} is answered with the HTTP status ${http}`);
  if (code === undefined) return fail();
  if (Number(code) === STATUS.OK) return reader.end();
  const details = headers["grpc-status-details-bin"];
  throw new RpcError(path, Number(code), {
    text: unescapeMessage(String(headers["grpc-message"] ?? "")),
    details: typeof details === "string" ? Buffer.from(details, "base64") : undefined,
  });
}

/** Returns true for an error of the connection, and not of what was read on it. */
function isStreamError(error: unknown): boolean {
  return error instanceof Error && !(error instanceof TsbuildError) && "code" in error;
}

/** Returns the words of an error. OpenSSL's are in a member of their own. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "the other side ended it";
  return "reason" in error && typeof error.reason === "string" ? error.reason : error.message;
}
