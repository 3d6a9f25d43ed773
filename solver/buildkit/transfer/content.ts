import { type Digest, isDigest } from "../../../core/digest.js";
import { TsbuildError } from "../../../core/errors.js";
import type { ValueOf } from "../../../llb/wire/message.js";
import { protocolError } from "../errors.js";
import type { Metadata } from "../grpc/method.js";
import { type Served, type ServerCall, single, streaming } from "../grpc/server.js";
import { CallRefused, STATUS } from "../grpc/status.js";
import {
  CONTENT_ABORT,
  CONTENT_INFO,
  CONTENT_READ,
  CONTENT_STATUS,
  CONTENT_STATUSES,
  CONTENT_UPDATE,
  CONTENT_WRITE,
  WRITE_ACTION,
} from "../messages/session.js";

/** A store of blobs that a builder reads from or writes to. */
export interface ContentPort {
  /** Returns the bytes of a blob that the builder may know of; undefined for any other. */
  size(digest: Digest): number | undefined;
  /** Yields a blob that {@link size} knows; undefined where the builder may not read. */
  readonly open?: (digest: Digest) => AsyncIterable<Uint8Array>;
  /** Returns true for a blob that need not be sent. */
  has(digest: Digest): boolean;
  /** Stores a blob. Throws where its bytes are not those that were announced. */
  readonly ingest?: (
    source: AsyncIterable<Uint8Array>,
    expected: { readonly digest?: Digest; readonly size?: number },
  ) => Promise<{ readonly digest: Digest; readonly size: number }>;
}

type WriteRequest = ValueOf<typeof CONTENT_WRITE.request>;
type WriteResponse = ValueOf<typeof CONTENT_WRITE.response>;

/** Bytes in one message. */
const PIECE = 1 << 20;

/** Name of the metadata that says which store is meant. */
const STORE_ID = "buildkit-attachable-store-id";

/** Serves stores of blobs, by their names, with containerd's protocol. */
export function contentMethods(stores: ReadonlyMap<string, ContentPort>): readonly Served[] {
  const choose = (metadata: Metadata): ContentPort => {
    const id = metadata.get(STORE_ID)?.[0] ?? "";
    const store = stores.get(id);
    if (!store) throw new CallRefused(STATUS.NOT_FOUND, `the client offers no store "${id}"`);
    return store;
  };
  const infoOf = (metadata: Metadata, text: string) => {
    const digest = digestOf(text);
    const size = choose(metadata).size(digest);
    if (size === undefined) throw new CallRefused(STATUS.NOT_FOUND, `content ${digest}: not found`);
    return { info: { digest, size } };
  };
  return [
    single(CONTENT_INFO, async ({ digest = "" }, { metadata }) => infoOf(metadata, digest)),
    // Labels are for collectors of garbage; ours has its own leases.
    single(CONTENT_UPDATE, async ({ info = {} }, { metadata }) => infoOf(metadata, info.digest ?? "")),
    single(CONTENT_STATUS, async ({ ref = "" }) => {
      throw new CallRefused(STATUS.NOT_FOUND, `ingest ${ref}: not found`);
    }),
    single(CONTENT_STATUSES, async () => ({})),
    single(CONTENT_ABORT, async () => ({})),
    streaming(CONTENT_READ, (call) => readContent(call, choose(call.metadata))),
    streaming(CONTENT_WRITE, (call) => new Writer(call, choose(call.metadata)).run()),
  ];
}

async function readContent(
  { messages, send }: ServerCall<ValueOf<typeof CONTENT_READ.request>, ValueOf<typeof CONTENT_READ.response>>,
  store: ContentPort,
): Promise<void> {
  for await (const { digest: text = "", offset = 0, size = 0 } of messages) {
    const digest = digestOf(text);
    const whole = store.size(digest);
    if (whole === undefined || !store.open) throw new CallRefused(STATUS.NOT_FOUND, `content ${digest}: not found`);
    if (offset < 0 || offset > whole || size < 0) throw new CallRefused(STATUS.OUT_OF_RANGE, `offset ${offset} of ${whole} bytes`);
    const end = size === 0 ? whole : Math.min(whole, offset + size);
    let at = 0;
    for await (const chunk of store.open(digest)) {
      const from = Math.max(0, offset - at);
      const to = Math.min(chunk.length, end - at);
      for (let start = from; start < to; start += PIECE)
        await send({ offset: at + start, data: chunk.subarray(start, Math.min(to, start + PIECE)) });
      at += chunk.length;
      if (at >= end) return;
    }
    return;
  }
}

/** One blob that a builder writes. */
class Writer {
  readonly #call: ServerCall<WriteRequest, WriteResponse>;
  readonly #store: ContentPort;
  readonly #messages: AsyncIterator<WriteRequest>;
  #offset = 0;
  #expected: Digest | undefined;
  #total: number | undefined;
  /** The message that ends the blob. */
  #commit: WriteRequest | undefined;

  constructor(call: ServerCall<WriteRequest, WriteResponse>, store: ContentPort) {
    this.#call = call;
    this.#store = store;
    this.#messages = call.messages[Symbol.asyncIterator]();
  }

  async run(): Promise<void> {
    const { ingest } = this.#store;
    if (!ingest) throw new CallRefused(STATUS.PERMISSION_DENIED, "the client's store is not written to");
    const { done, value: first } = await this.#messages.next();
    if (done) return;
    if (!first.ref) throw new CallRefused(STATUS.INVALID_ARGUMENT, "the first message has no ref");
    this.#learn(first);
    const body = this.#body(first);
    // The store is asked only when there is something to store: builders also look by opening.
    const begin = await body.next();
    if (begin.done && !this.#commit) return;
    const expected = { ...(this.#expected && { digest: this.#expected }), ...(this.#total === undefined ? {} : { size: this.#total }) };
    const stored = await this.#stored(() => ingest(joined(begin.done ? undefined : begin.value, body), expected));
    if (!this.#commit) throw new CallRefused(STATUS.CANCELLED, "the blob was not finished");
    if (this.#expected && stored.digest !== this.#expected)
      throw protocolError(`it sent the blob ${this.#expected}, and its bytes are ${stored.digest}`);
    await this.#call.send({ action: WRITE_ACTION.COMMIT, offset: stored.size, total: stored.size, digest: stored.digest });
  }

  /** Reports bytes that are not what was announced as a fault of the builder. */
  async #stored<T>(store: () => Promise<T>): Promise<T> {
    try {
      return await store();
    } catch (error) {
      if (error instanceof TsbuildError && error.code === "store/digest-mismatch")
        throw protocolError(`it sent other bytes than those of the blob ${this.#expected ?? ""}`, error);
      throw error;
    }
  }

  #learn({ expected = "", total = 0 }: WriteRequest): void {
    if (total > 0) this.#total = total;
    if (expected === "") return;
    const digest = digestOf(expected);
    this.#expected = digest;
    if (this.#store.has(digest)) throw new CallRefused(STATUS.ALREADY_EXISTS, `content ${digest}: already exists`);
  }

  /** Yields the bytes of the blob, and answers the messages that bring them. */
  async *#body(first: WriteRequest): AsyncGenerator<Uint8Array, void> {
    for (let message: WriteRequest | undefined = first; message; ) {
      const { action = WRITE_ACTION.STAT, offset = 0, data } = message;
      if (message !== first) this.#learn(message);
      if (action !== WRITE_ACTION.STAT && offset > 0 && offset !== this.#offset)
        throw new CallRefused(STATUS.OUT_OF_RANGE, `write at ${offset} and not at ${this.#offset}`);
      if (action !== WRITE_ACTION.STAT && data && data.length > 0) {
        this.#offset += data.length;
        yield data;
      }
      if (action === WRITE_ACTION.COMMIT) {
        this.#commit = message;
        return;
      }
      await this.#call.send({ action, offset: this.#offset, ...(this.#total === undefined ? {} : { total: this.#total }) });
      const next: IteratorResult<WriteRequest, unknown> = await this.#messages.next();
      message = next.done ? undefined : next.value;
    }
    if (this.#offset > 0) throw new CallRefused(STATUS.CANCELLED, "the blob was not finished");
  }
}

async function* joined(first: Uint8Array | undefined, rest: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  if (first) yield first;
  yield* rest;
}

function digestOf(text: string): Digest {
  if (!isDigest(text)) throw new CallRefused(STATUS.INVALID_ARGUMENT, `"${text}" is no digest`);
  return text;
}
