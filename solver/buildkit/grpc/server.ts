import { constants, createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Duplex } from "node:stream";
import { TsbuildError } from "../../../core/errors.js";
import { drained } from "../../../core/tasks/drained.js";
import type { AnyMessage, ValueOf } from "../../../llb/wire/message.js";
import { WINDOW } from "./channel.js";
import { frame, FrameReader } from "./frames.js";
import { type Call, type Metadata, type Method, read, write } from "./method.js";
import { CallRefused, escapeMessage, STATUS } from "./status.js";

/** A call that the other side began. */
export interface ServerCall<Received, Sent> extends Call<Sent, Received> {
  readonly metadata: Metadata;
  /** Sends several messages at once. */
  sendAll(messages: readonly Sent[]): Promise<void>;
  /** Aborted when the other side has given the call up. */
  readonly signal: AbortSignal;
  /** Begins the answer with metadata. Without it, the answer begins with its first message. */
  begin(metadata: Readonly<Record<string, string>>): void;
}

/** A method with the function that answers it. */
export interface Served {
  readonly path: string;
  readonly answer: (stream: ServerHttp2Stream, metadata: Metadata) => Promise<void>;
}

/** Returns a method that is answered message by message. */
export function streaming<Q extends AnyMessage, R extends AnyMessage>(
  { path, request, response }: Method<Q, R>,
  handle: (call: ServerCall<ValueOf<Q>, ValueOf<R>>) => Promise<void>,
): Served {
  return {
    path,
    async answer(stream, metadata) {
      const gone = new AbortController();
      stream.once("close", () => gone.abort());
      const begin = (more: Readonly<Record<string, string>>): void => stream.respond({ ...HEADERS, ...more }, { waitForTrailers: true });
      const put = async (framed: Buffer): Promise<void> => {
        if (stream.closed || stream.destroyed) throw new CallRefused(STATUS.CANCELLED, "the call was given up");
        if (!stream.headersSent) begin({});
        if (!stream.write(framed)) await drained(stream);
      };
      await handle({
        metadata,
        signal: gone.signal,
        begin,
        messages: messagesOf(stream, request),
        send: (message) => put(frame(write(response, message))),
        sendAll: (messages) => put(Buffer.concat(messages.map((message) => frame(write(response, message))))),
      });
    },
  };
}

/** Returns a method with one message on each side. */
export function single<Q extends AnyMessage, R extends AnyMessage>(
  method: Method<Q, R>,
  handle: (message: ValueOf<Q>, call: Pick<ServerCall<ValueOf<Q>, ValueOf<R>>, "metadata" | "signal">) => Promise<ValueOf<R>>,
): Served {
  return streaming(method, async ({ messages, send, ...call }) => {
    for await (const message of messages) {
      await send(await handle(message, call));
      return;
    }
    throw new CallRefused(STATUS.INVALID_ARGUMENT, "the call has no message");
  });
}

/** Milliseconds that the other side has to read a status. */
const LAST_WORDS = 5_000;

const HEADERS = { ":status": 200, "content-type": "application/grpc" } as const;

/**
 * Serves methods on a stream that is given. Ends when the stream does. `onFailure` gets errors of
 * ours that a call ended with, beside the answer that the other side gets.
 */
export function serve(
  stream: Duplex,
  methods: Iterable<Served>,
  onFailure: (error: unknown) => void = () => undefined,
): { close(): void; readonly ended: Promise<void> } {
  const known = new Map(Array.from(methods, (method) => [method.path.toLowerCase(), method]));
  const server = createServer({ settings: { initialWindowSize: WINDOW } });
  let session: ServerHttp2Session | undefined;
  server.on("session", (opened) => {
    session = opened;
    opened.setLocalWindowSize(WINDOW);
  });
  server.on("sessionError", () => undefined);
  server.on("stream", (call: ServerHttp2Stream, headers: IncomingHttpHeaders, _flags: number, raw?: readonly string[]) => {
    call.on("error", () => undefined);
    const path = String(headers[":path"]);
    void answer(call, { method: known.get(path.toLowerCase()), path, metadata: metadataOf(raw ?? []) }, onFailure);
  });
  stream.on("error", () => undefined);
  server.emit("connection", stream);
  const ended = new Promise<void>((resolve) => stream.once("close", () => resolve()));
  return {
    ended,
    close() {
      session?.destroy();
      stream.destroy();
    },
  };
}

async function answer(
  stream: ServerHttp2Stream,
  { method, path, metadata }: { readonly method: Served | undefined; readonly path: string; readonly metadata: Metadata },
  onFailure: (error: unknown) => void,
): Promise<void> {
  let status: number = STATUS.OK;
  let text = "";
  let details: Uint8Array | undefined;
  try {
    if (!method) throw new CallRefused(STATUS.UNIMPLEMENTED, `there is no such method here: ${path}`);
    await method.answer(stream, metadata);
  } catch (error) {
    status = error instanceof CallRefused ? error.status : STATUS.UNKNOWN;
    text = error instanceof Error ? error.message : String(error);
    if (error instanceof CallRefused) details = error.details;
    const failure = error instanceof CallRefused ? error.cause : error;
    // A call that was given up breaks off somewhere, which is no failure of its own.
    if (failure instanceof TsbuildError || (failure !== undefined && !stream.closed && !stream.destroyed)) onFailure(failure);
  }
  if (stream.closed || stream.destroyed) return;
  const trailers = {
    "grpc-status": String(status),
    ...(text === "" ? {} : { "grpc-message": escapeMessage(text) }),
    ...(details && { "grpc-status-details-bin": Buffer.from(details).toString("base64") }),
  };
  if (!stream.headersSent) {
    stream.respond({ ...HEADERS, ...trailers }, { endStream: true });
  } else {
    stream.once("wantTrailers", () => stream.sendTrailers(trailers));
    stream.end();
  }
  // Messages that the other side still sends are of no use.
  if (!stream.readableEnded) stream.resume();
  if (status !== STATUS.OK) closeLate(stream);
}

/**
 * Closes a call whose other side goes on. Note that it has time to read the status first, because
 * a reset that arrives with the status hides it.
 */
function closeLate(stream: ServerHttp2Stream): void {
  const late = setTimeout(() => stream.close(constants.NGHTTP2_NO_ERROR), LAST_WORDS).unref();
  stream.once("close", () => clearTimeout(late));
}

async function* messagesOf<M extends AnyMessage>(stream: ServerHttp2Stream, form: M): AsyncGenerator<ValueOf<M>, void> {
  const reader = new FrameReader();
  // Leaving the loop must not destroy the stream, on which the answer is still to be sent.
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    for (const message of reader.push(chunk)) yield read(form, message);
  }
  reader.end();
}

/** Returns all values of every name. Note that Node's own list joins several values to one text. */
function metadataOf(raw: readonly string[]): Metadata {
  const values = new Map<string, string[]>();
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const name = (raw[at] as string).toLowerCase();
    const known = values.get(name);
    if (known) known.push(raw[at + 1] as string);
    else values.set(name, [raw[at + 1] as string]);
  }
  return values;
}
