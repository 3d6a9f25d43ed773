import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import test, { type ExecutionContext } from "ava";
import { sha256 } from "../../../core/digest.js";
import { CanceledError, type TsbuildError } from "../../../core/errors.js";
import { Connections } from "../../../net/connections.js";
import { exchange } from "../../../net/transport.js";
import { downloadBody } from "../../../solver/remote/download-body.js";
import { Downloads } from "../../../solver/remote/downloads.js";
import { downloadFailures } from "../../../solver/remote/errors.js";
import { testStore } from "../../support/images/images.js";
import { fakeRegistry, type FakeRegistry, type Handler } from "../../support/servers/registry.js";

const DATE = "Thu, 02 Jan 2020 03:04:05 GMT";
const ONE = Buffer.from("one\n");
const TWO = Buffer.from("two\n");

interface World {
  readonly server: FakeRegistry;
  /** Makes a build of its own over the same store. */
  build(): Downloads;
  readonly secrets: Map<string, string>;
  readonly waits: number[];
  text(digest: string): string;
  readonly reporter: { readonly signal: AbortSignal; progress(...args: unknown[]): void };
}

async function world(t: ExecutionContext, handler: Handler): Promise<World> {
  const server = await fakeRegistry(handler);
  const { store, close } = testStore();
  const connections = new Connections({ env: {}, certificateDirectories: [], failures: downloadFailures });
  const secrets = new Map<string, string>();
  const waits: number[] = [];
  t.teardown(async () => {
    connections.close();
    await server.close();
    close();
  });
  const clock = { now: () => 0, random: () => 1, sleep: async (ms: number) => void waits.push(ms) };
  return {
    server,
    secrets,
    waits,
    reporter: { signal: new AbortController().signal, progress: () => {} },
    text: (digest) => readFileSync(store.blobs.path(digest as ReturnType<typeof sha256>), "utf8"),
    build: () =>
      new Downloads({
        store,
        connections,
        clock,
        secrets: (id) => {
          const value = secrets.get(id);
          return value === undefined ? undefined : Buffer.from(value);
        },
      }),
  };
}

async function failure(t: ExecutionContext, work: Promise<unknown>): Promise<TsbuildError> {
  return t.throwsAsync<TsbuildError>(work);
}

test("a URL is asked once per build; with an ETag the next build gets 304 and downloads nothing", async (t) => {
  const { server, build, text, reporter } = await world(t, ({ headers }, response) => {
    if (headers["if-none-match"] === '"1"') return void response.writeHead(304).end();
    response.writeHead(200, { etag: '"1"', "last-modified": DATE }).end(ONE);
  });
  const url = `${server.origin}/file`;
  const first = build();
  const [digest, again] = await Promise.all([first.digest(url, reporter), first.digest(url, reporter)]);
  t.is(digest, sha256(ONE));
  t.is(again, digest);
  const made = await first.fetch(url, { digest, from: "server" }, reporter);
  t.like(made, { digest, size: 4, mtime: Date.parse(DATE) / 1000 });
  t.is(text(digest), "one\n");
  const second = build();
  t.is(await second.digest(url, reporter), digest);
  t.is((await second.fetch(url, { digest, from: "server" }, reporter)).mtime, Date.parse(DATE) / 1000);
  t.deepEqual(server.log, ["GET /file", "GET /file"]);
});

test("servers without ETag are asked by date; those that ignore the question are believed by their ETag", async (t) => {
  const { server, build, reporter } = await world(t, ({ url, headers }, response) => {
    if (url === "/dated" && headers["if-modified-since"] === DATE) return void response.writeHead(304).end();
    // Weak, as after compression by a proxy, and with other bytes, which must not be read.
    const later = server.log.filter((line) => line.endsWith("/deaf")).length > 1;
    const headersOf = url === "/dated" ? { "last-modified": DATE } : { etag: later ? 'W/"x"' : '"x"' };
    response.writeHead(200, headersOf).end(later ? TWO : ONE);
  });
  for (const path of ["/dated", "/deaf"]) {
    t.is(await build().digest(server.origin + path, reporter), sha256(ONE), path);
    t.is(await build().digest(server.origin + path, reporter), sha256(ONE), path);
  }
});

test("a file of the very second that it was sent in is downloaded again: its time does not distinguish versions", async (t) => {
  let content = ONE;
  const { server, build, reporter } = await world(t, ({ headers }, response) => {
    if (headers["if-modified-since"] !== undefined) return void response.writeHead(304).end();
    response.writeHead(200, { "last-modified": DATE, date: DATE }).end(content);
  });
  const url = `${server.origin}/file`;
  t.is(await build().digest(url, reporter), sha256(ONE));
  content = TWO;
  t.is(await build().digest(url, reporter), sha256(TWO));
});

test("changed content is another digest; nothing to compare with means downloading again", async (t) => {
  let content = ONE;
  const { server, build, reporter } = await world(t, (_, response) => void response.end(content));
  const url = `${server.origin}/file`;
  t.is(await build().digest(url, reporter), sha256(ONE));
  content = TWO;
  const later = build();
  t.is(await later.digest(url, reporter), sha256(TWO));
  t.is((await later.fetch(url, { digest: sha256(TWO), from: "server" }, reporter)).mtime, 0);
});

test("with a checksum the server is asked only for what the store lacks, and other bytes are refused", async (t) => {
  const { server, build, reporter } = await world(t, (_, response) => void response.end(ONE));
  const url = `${server.origin}/file`;
  const right = { digest: sha256(ONE), from: "checksum" } as const;
  await build().fetch(url, right, reporter);
  await build().fetch(url, right, reporter);
  t.is(server.log.length, 1);
  const wrong = await failure(t, build().fetch(url, { digest: sha256(TWO), from: "checksum" }, reporter));
  t.is(wrong.code, "source/checksum-mismatch");
  t.true(wrong.message.includes(sha256(ONE)) && wrong.message.includes(sha256(TWO)), wrong.message);
  t.true(wrong.hint?.includes(`--checksum=${sha256(ONE)}`));
});

test("content that changes in the middle of a build fails it", async (t) => {
  const { server, build, reporter } = await world(t, (_, response) => void response.end(server.log.length === 1 ? ONE : TWO));
  const error = await failure(t, build().fetch(`${server.origin}/file`, { digest: sha256(ONE.subarray(1)), from: "server" }, reporter));
  t.is(error.code, "source/changed");
});

test("secrets and the URL's password go to their host only, and are in no message", async (t) => {
  const other = await fakeRegistry((_, response) => void response.end(ONE));
  t.teardown(() => other.close());
  const { server, build, secrets, reporter } = await world(t, ({ url }, response) => {
    if (url === "/away") return void response.writeHead(302, { location: `${other.origin}/there` }).end();
    if (url === "/near") return void response.writeHead(301, { location: "/done" }).end();
    response.writeHead(url?.startsWith("/denied") ? 403 : 200).end(ONE);
  });
  const ask = (url: string) => build().digest(url, reporter);
  const withPassword = server.origin.replace("://", "://us%40er:pass%3Aword@");
  await ask(`${withPassword}/basic`);
  t.is(server.seen.at(-1)?.headers.authorization, `Basic ${Buffer.from("us@er:pass:word").toString("base64")}`);
  // The host alone stands for HTTPS on its usual port.
  for (const id of ["HTTP_AUTH_TOKEN_127.0.0.1", "HTTP_AUTH_HEADER_127.0.0.1", "HTTP_AUTH_TOKEN_127.0.0.1:1"]) secrets.set(id, "other");
  await ask(`${server.origin}/elsewhere`);
  t.is(server.seen.at(-1)?.headers.authorization, undefined);
  const host = new URL(server.origin).host;
  secrets.set(`HTTP_AUTH_HEADER_${host}`, "Custom abc\n");
  await ask(`${withPassword}/header`);
  t.is(server.seen.at(-1)?.headers.authorization, "Custom abc");
  secrets.set(`HTTP_AUTH_TOKEN_${host}`, "t0ken\n");
  await ask(`${server.origin}/near`);
  t.deepEqual(
    server.seen.slice(-2).map(({ url, headers }) => [url, headers.authorization]),
    [
      ["/near", "Bearer t0ken"],
      ["/done", "Bearer t0ken"],
    ],
  );
  await ask(`${server.origin}/away`);
  t.is(other.seen.length, 1);
  t.is(other.seen[0]?.headers.authorization, undefined);
  const error = await failure(t, ask(`${withPassword}/denied?signature=s3cret`));
  t.is(error.code, "source/http-status");
  t.regex(error.message, /answered 403 \(Forbidden/);
  t.true(error.hint?.includes(`id=HTTP_AUTH_TOKEN_${host},`));
  t.notRegex(JSON.stringify([error.message, error.hint, Object.entries(error)]), /pass|s3cret|t0ken/);
});

const ERRORS: Readonly<Record<string, readonly [Handler, string, RegExp, number]>> = {
  "404": [(_, response) => void response.writeHead(404).end("<html>"), "source/http-status", /answered 404 \(Not Found\)$/, 0],
  "500, then no more": [
    (_, response) => void response.writeHead(500).end("broken"),
    "source/http-status",
    /500 \(Internal Server Error: broken\)/,
    4,
  ],
  "501 is final": [(_, response) => void response.writeHead(501).end(), "source/http-status", /501/, 0],
  "304 that nobody asked for": [(_, response) => void response.writeHead(304).end(), "source/http-status", /304/, 0],
  truncated: [
    (_, response) => {
      response.writeHead(200, { "content-length": 100 });
      response.write("part", () => response.destroy());
    },
    "source/unreachable",
    /the connection was cut/,
    4,
  ],
  "redirects in a ring": [
    ({ url }, response) => void response.writeHead(302, { location: url }).end(),
    "source/protocol",
    /redirects without end/,
    0,
  ],
  "redirect to a file": [
    (_, response) => void response.writeHead(302, { location: "file:///etc/passwd" }).end(),
    "source/protocol",
    /redirects to an address/,
    0,
  ],
  "damaged compression": [
    (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end("no gzip"),
    "source/protocol",
    /compressed data that is damaged/,
    0,
  ],
};

for (const [name, [handler, code, message, retries]] of Object.entries(ERRORS)) {
  test(`fails: ${name}`, async (t) => {
    const { server, build, waits, reporter } = await world(t, handler);
    const error = await failure(t, build().digest(`${server.origin}/file`, reporter));
    t.is(error.code, code, error.message);
    t.regex(error.message, message);
    t.true(error.message.startsWith(`Cannot download ${server.origin}/file: 127.0.0.1:`), error.message);
    t.is(waits.length, retries);
  });
}

test("a download that breaks off is tried again", async (t) => {
  const { server, build, text, reporter } = await world(t, (_, response) => {
    if (server.log.length > 2) return void response.end(ONE);
    response.writeHead(200, { "content-length": 100 });
    response.write("part", () => response.destroy());
  });
  t.is(text(await build().digest(`${server.origin}/file`, reporter)), "one\n");
  t.is(server.log.length, 3);
});

test("what a server compressed only for the way is stored as it was", async (t) => {
  const { server, build, reporter } = await world(
    t,
    (_, response) => void response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync(ONE)),
  );
  t.is(await build().digest(`${server.origin}/file`, reporter), sha256(ONE));
});

test("a stream without an end is cut off, an abort ends a download", async (t) => {
  const { server, build } = await world(t, ({ url }, response) => {
    const send = (): void => void (!response.destroyed && response.write(Buffer.alloc(1 << 16), () => setImmediate(send)));
    if (url === "/endless") send();
    else response.writeHead(200).write("start");
  });
  const connections = new Connections({ env: {}, certificateDirectories: [], failures: downloadFailures });
  t.teardown(() => connections.close());
  const url = new URL(`${server.origin}/endless`);
  const answer = await exchange({ what: "download it", method: "GET", url }, connections);
  const error = await failure(
    t,
    (async () => {
      for await (const _ of downloadBody(answer, url, "download it", 1 << 20));
    })(),
  );
  t.is(error.code, "source/too-large");
  const controller = new AbortController();
  const hanging = build().digest(`${server.origin}/hanging`, { signal: controller.signal, progress: () => controller.abort() });
  t.true((await failure(t, hanging)) instanceof CanceledError);
});

test("what is no URL is reported", async (t) => {
  const { build, reporter } = await world(t, () => {});
  t.is((await failure(t, build().digest("http://", reporter))).code, "source/invalid-url");
  const unreachable = await failure(t, build().digest("http://127.0.0.1:1/x", reporter));
  t.is(unreachable.code, "source/unreachable");
  t.regex(unreachable.message, /the connection was refused/);
});
