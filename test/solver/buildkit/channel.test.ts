import { createServer, type Server } from "node:net";
import { connect as connectHttp2, createServer as createHttp2, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import { once } from "node:events";
import { connect } from "node:net";
import test from "ava";
import { Channel } from "../../../solver/buildkit/grpc/channel.js";
import { frame, FrameReader } from "../../../solver/buildkit/grpc/frames.js";
import { serve, single, streaming } from "../../../solver/buildkit/grpc/server.js";
import { CallRefused, escapeMessage, RpcError, STATUS, unescapeMessage } from "../../../solver/buildkit/grpc/status.js";
import { tunnel } from "../../../solver/buildkit/grpc/tunnel.js";
import { BYTES } from "../../../solver/buildkit/messages/common.js";
import { LIST_WORKERS, SESSION } from "../../../solver/buildkit/messages/control.js";
import { method } from "../../../solver/buildkit/grpc/method.js";
import { connectedChannel } from "../../support/servers/served-channel.js";

const ECHO = method("/test.Echo/Echo", BYTES, BYTES);
const LATER = method("/test.Echo/Later", BYTES, BYTES);

const echo = createEcho();

function createEcho() {
  return [
    single(ECHO, async ({ data = new Uint8Array() }, { metadata }) => {
      const fail = metadata.get("fail")?.[0];
      if (fail === "refuse") throw new CallRefused(STATUS.NOT_FOUND, "50% – nicht da");
      if (fail === "throw") throw new Error("broken");
      return { data: metadata.has("values") ? Buffer.from((metadata.get("values") ?? []).join("|")) : data };
    }),
    streaming(LATER, async ({ messages, send }) => {
      for await (const { data = new Uint8Array() } of messages) await send({ data: Buffer.from(data).reverse() });
    }),
  ];
}

const serving = (): Server => createServer((socket) => void serve(socket, echo));

test("messages of any size go and come, several values of metadata stay apart", async (t) => {
  const channel = await connectedChannel(t, serving());
  for (const size of [0, 1, 16_384, 65_535, 5 << 20]) {
    const data = Buffer.alloc(size, "x");
    t.is((await channel.unary(ECHO, { data })).data?.length ?? 0, size);
  }
  const { data } = await channel.unary(ECHO, {}, { metadata: { values: ["a, b", "c"] } });
  t.is(Buffer.from(data ?? []).toString(), "a, b|c");
});

test("a call answers message by message, and ends when both sides have", async (t) => {
  const channel = await connectedChannel(t, serving());
  const call = channel.call(LATER);
  const answers = call.messages[Symbol.asyncIterator]();
  for (const text of ["ab", "cd"]) {
    await call.send({ data: Buffer.from(text) });
    const { value } = await answers.next();
    t.is(Buffer.from((value as { readonly data: Uint8Array }).data).toString(), [...text].reverse().join(""));
  }
  call.end();
  t.true((await answers.next()).done);
});

test("errors have status and text; an unknown method is said to be one", async (t) => {
  const channel = await connectedChannel(t, serving());
  const refused = await t.throwsAsync(channel.unary(ECHO, {}, { metadata: { fail: "refuse" } }), { instanceOf: RpcError });
  t.deepEqual([refused?.status, refused?.text], [STATUS.NOT_FOUND, "50% – nicht da"]);
  const broken = await t.throwsAsync(channel.unary(ECHO, {}, { metadata: { fail: "throw" } }), { instanceOf: RpcError });
  t.deepEqual([broken?.status, broken?.text], [STATUS.UNKNOWN, "broken"]);
  const unknown = await t.throwsAsync(channel.unary(LIST_WORKERS, {}), { instanceOf: RpcError });
  t.is(unknown?.status, STATUS.UNIMPLEMENTED);
});

test("a call that is refused in the middle is not reset before its status was read", async (t) => {
  const refusing = streaming(LATER, async ({ messages, send }) => {
    for await (const _ of messages) {
      await send({ data: Buffer.from("answer") });
      throw new CallRefused(STATUS.ALREADY_EXISTS, "there already");
    }
  });
  const server = createServer((socket) => void serve(socket, [...echo, refusing]));
  await connectedChannel(t, server);
  const session = connectHttp2("http://test", { createConnection: () => connect(server.address() as string) });
  t.teardown(() => session.destroy());
  const call = session.request({ ":method": "POST", ":path": LATER.path, "content-type": "application/grpc" });
  call.on("error", () => undefined).resume();
  call.write(frame(Buffer.alloc(0)));
  const reset = once(call, "close").then(() => [{}]);
  const [trailers] = (await Promise.race([once(call, "trailers"), reset])) as [IncomingHttpHeaders];
  t.is(trailers["grpc-status"], String(STATUS.ALREADY_EXISTS));
  // A round trip later a reset would be here.
  await new Promise<void>((resolve, reject) => session.ping((error) => (error ? reject(error) : resolve())));
  t.deepEqual([call.closed, call.rstCode], [false, 0]);
});

test("a tunnel carries another connection", async (t) => {
  const outer = createServer(
    (socket) =>
      void serve(socket, [
        streaming(SESSION, async ({ messages, send }) => {
          const stream = tunnel({ messages, send, end: () => undefined });
          await serve(stream, echo).ended;
        }),
      ]),
  );
  const channel = await connectedChannel(t, outer);
  const inner = new Channel(tunnel(channel.call(SESSION)), "inner");
  t.teardown(() => inner.close());
  const data = Buffer.alloc(3 << 20, "y");
  t.is((await inner.unary(ECHO, { data })).data?.length, data.length);
});

type Answer = (stream: ServerHttp2Stream) => void;

const OK = { ":status": 200, "content-type": "application/grpc" };

function sends(bytes: Buffer, trailers: Readonly<Record<string, string>> = { "grpc-status": "0" }): Answer {
  return (stream) => {
    stream.respond(OK, { waitForTrailers: true });
    stream.once("wantTrailers", () => stream.sendTrailers(trailers));
    stream.end(bytes);
  };
}

const giant = Buffer.from([0, 0x40, 0, 0, 0]);

/** Answers of a server that breaks the protocol, with the error that they lead to. */
const HOSTILE: Readonly<Record<string, readonly [Answer, code: string, text: RegExp]>> = {
  "a message that is cut off": [sends(frame(Buffer.alloc(10)).subarray(0, 9)), "builder/protocol", /ends after 9 of 15 bytes/],
  "a header that is cut off": [sends(Buffer.from([0, 0])), "builder/protocol", /ends after 2 of unknown bytes/],
  "a giant message": [sends(giant), "builder/protocol", /1073741824 bytes is larger than 16777216/],
  "a compressed message": [sends(Buffer.from([1, 0, 0, 0, 0])), "builder/protocol", /compressed/],
  "bytes that are no message": [sends(frame(Buffer.from([0xff, 0xff, 0xff]))), "builder/protocol", /cannot read ListWorkersResponse/],
  "a field of the wrong type": [sends(frame(Buffer.from([0x08, 0x01]))), "builder/protocol", /wire type/],
  "a length beyond the message": [sends(frame(Buffer.from([0x0a, 0x7f]))), "builder/protocol", /cannot read/],
  "no message": [sends(Buffer.alloc(0)), "builder/protocol", /has no answer/],
  "no status": [sends(frame(Buffer.alloc(0)), {}), "builder/lost", /./],
  "another page": [(stream) => stream.respond({ ":status": 404 }, { endStream: true }), "builder/protocol", /HTTP status 404/],
  "an error without text": [
    (stream) => stream.respond({ ...OK, "grpc-status": "13" }, { endStream: true }),
    "builder/refused",
    /ListWorkers ended with the status 13/,
  ],
  "a status that is no number": [(stream) => stream.respond({ ...OK, "grpc-status": "x" }, { endStream: true }), "builder/refused", /NaN/],
  "a reset": [(stream) => stream.close(2), "builder/lost", /./],
  "an end of the connection": [(stream) => stream.session?.destroy(), "builder/lost", /test was lost/],
};

for (const [name, [answer, code, text]] of Object.entries(HOSTILE)) {
  test(`an answer that breaks the protocol: ${name}`, async (t) => {
    const http2 = createHttp2();
    http2.on("stream", (stream: ServerHttp2Stream) => {
      stream.on("error", () => undefined);
      answer(stream);
    });
    http2.on("sessionError", () => undefined);
    const channel = await connectedChannel(
      t,
      createServer((socket) => void http2.emit("connection", socket)),
    );
    await t.throwsAsync(channel.unary(LIST_WORKERS, {}), { code, message: text });
  });
}

test("bytes that are no HTTP/2 end the connection", async (t) => {
  const channel = await connectedChannel(
    t,
    createServer((socket) => {
      socket.on("error", () => undefined).resume();
      socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
    }),
  );
  await t.throwsAsync(channel.unary(LIST_WORKERS, {}), { code: "builder/lost" });
});

test("messages are found however their bytes are cut", (t) => {
  const messages = ["", "a", "bc".repeat(300)].map((text) => Buffer.from(text));
  const all = Buffer.concat(messages.map((message) => frame(message)));
  for (const size of [1, 2, 5, 7, all.length]) {
    const reader = new FrameReader();
    const found: string[] = [];
    for (let at = 0; at < all.length; at += size)
      for (const message of reader.push(all.subarray(at, at + size))) found.push(message.toString());
    reader.end();
    t.deepEqual(
      found,
      messages.map((message) => message.toString()),
    );
  }
});

test("texts of errors are escaped and read back", (t) => {
  for (const text of ["", "plain", "50%", "50%25", "line\nbreak", "ü 漢 😀"]) t.is(unescapeMessage(escapeMessage(text)), text);
  t.is(unescapeMessage("%zz%"), "%zz%");
  t.regex(escapeMessage("ü\n%"), /^[\x20-\x7e]*$/);
});
