import { execFileSync, spawnSync } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { type AddressInfo, connect, createServer as createNetServer, isIP, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectSecurely, TLSSocket } from "node:tls";
import test, { type ExecutionContext } from "ava";
import { sha256 } from "../../core/digest.js";
import { Connections } from "../../net/connections.js";
import { isMachineLocal } from "../../net/proxy.js";
import { EphemeralAuthority } from "../../net/recording/authority.js";
import { recordedAddress } from "../../net/recording/recorded.js";
import { RecordingProxy } from "../../net/recording/recording-proxy.js";
import { checkTarget, RefusedTarget } from "../../net/recording/targets.js";
import { downloadFailures } from "../../solver/remote/errors.js";
import { requires, withoutProgram } from "../support/requires.js";

const authority = new EphemeralAuthority();
const directory = mkdtempSync(join(tmpdir(), "tsbuild-recording-"));
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

const HOSTS = [
  "web.example",
  "a-b_c.example",
  "192.0.2.1",
  "2001:db8::1",
  "::1",
  "1:2:3:4:5:6:7:8",
  `${"x".repeat(60)}.${"y".repeat(60)}.example`,
];

/** Returns the certificate that a client sees for a host. */
async function certificateOf(host: string): Promise<X509Certificate> {
  const secureContext = authority.contextOf(host);
  const server = createNetServer((socket) => {
    const secure = new TLSSocket(socket, { isServer: true, secureContext });
    secure.on("error", () => undefined);
    socket.on("error", () => undefined);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const names = isIP(host) === 0 ? { servername: host } : {};
  const client = connectSecurely({ host: "127.0.0.1", port, ca: authority.certificate, ...names, checkServerIdentity: () => undefined });
  await once(client, "secureConnect");
  const { raw } = client.getPeerCertificate();
  client.destroy();
  server.close();
  return new X509Certificate(raw);
}

for (const host of HOSTS)
  test(`a certificate for ${host} is the host's, signed by the authority, and no authority itself`, async (t) => {
    const certificate = await certificateOf(host);
    const signer = new X509Certificate(authority.certificate);
    t.true(certificate.verify(signer.publicKey));
    t.true(certificate.checkIssued(signer));
    t.truthy(isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host));
    t.falsy(certificate.checkHost("other.example"));
    t.deepEqual([signer.ca, certificate.ca], [true, false]);
  });

requires(withoutProgram("openssl"))("OpenSSL finds the certificates strictly right", async (t) => {
  const [ca, leaf] = [join(directory, "ca.pem"), join(directory, "leaf.pem")];
  writeFileSync(ca, authority.certificate);
  writeFileSync(leaf, (await certificateOf("web.example")).toString());
  const args = ["verify", "-x509_strict", "-purpose", "sslserver", "-verify_hostname", "web.example", "-CAfile", ca, leaf];
  t.is(execFileSync("openssl", args, { encoding: "utf8" }), `${leaf}: OK\n`);
  t.not(spawnSync("openssl", args.with(5, "other.example")).status, 0);
});

const ADDRESSES: readonly (readonly [given: string, recorded: string])[] = [
  ["https://user:password@web.example:443/a#b", "https://web.example/a"],
  ["http://web.example:80/?token=abc&x=1", "http://web.example/?token=xxxxx&x=1"],
  [
    "https://s3.example/x?X-Amz-Signature=1&X-Amz-Credential=2&X-Amz-Date=3",
    "https://s3.example/x?X-Amz-Signature=xxxxx&X-Amz-Credential=xxxxx&X-Amz-Date=3",
  ],
  ["https://blob.example/x?sv=1&sig=abc", "https://blob.example/x?sv=1&sig=xxxxx"],
  ["https://web.example/x?q=%0A%1b[1m", "https://web.example/x?q=%0A%1b[1m"],
];
test("addresses are recorded without what gives rights", (t) => {
  for (const [given, recorded] of ADDRESSES) t.is(recordedAddress(new URL(given)), recorded);
});

/** Spellings of addresses that mean this machine, and ports of other protocols. */
const REFUSED = [
  "localhost",
  "127.0.0.1",
  "127.1",
  "0x7f.1",
  "2130706433",
  "0177.0.0.1",
  "0",
  "[::1]",
  "[::]",
  "[::ffff:127.0.0.1]",
  "[::ffff:7f00:1]",
]
  .concat(["169.254.169.254", "0xa9fea9fe", "[fe80::1]", "[::ffff:169.254.169.254]"])
  .map((host) => `http://${host}/`)
  .concat([22, 25, 6379].map((port) => `https://192.0.2.1:${port}/`));
for (const text of REFUSED)
  test(`refused: ${text}`, async (t) => {
    await t.throwsAsync(checkTarget(new URL(text), isMachineLocal, false), { instanceOf: RefusedTarget });
  });
for (const text of ["http://192.0.2.1/", "https://192.0.2.1:8443/", "http://[2001:db8::1]:5000/"])
  test(`allowed: ${text}`, async (t) => {
    await t.notThrowsAsync(checkTarget(new URL(text), isMachineLocal, false));
  });

interface Bench {
  readonly proxy: RecordingProxy;
  /** Requests that reached the server. */
  readonly seen: readonly {
    readonly line: string;
    readonly headers: IncomingMessage["headers"];
    readonly body: string;
    readonly busy: number;
  }[];
  readonly port: number;
  /** Sends bytes to the proxy, and returns everything that it answers. */
  readonly ask: (text: string) => Promise<string>;
  readonly open: () => Socket;
}

/** Starts a server of the web, and a proxy before it. */
async function bench(t: ExecutionContext, env: Readonly<Record<string, string>> = {}): Promise<Bench> {
  const seen: { line: string; headers: IncomingMessage["headers"]; body: string; busy: number }[] = [];
  let busy = 0;
  const server = createServer((request, response) => {
    let body = "";
    busy++;
    response.once("close", () => busy--);
    request.on("data", (data: Buffer) => (body += data.toString()));
    request.on("end", () => {
      seen.push({ line: `${request.method} ${request.url}`, headers: request.headers, body, busy });
      if (request.url === "/cut") response.writeHead(200, { "content-length": "100" }).write("half", () => response.destroy());
      else if (request.url === "/found") response.writeHead(302, { location: "/file?token=1" }).end();
      else if (request.url === "/none") response.writeHead(404).end("none");
      else response.writeHead(200, { "keep-alive": "x", "proxy-authenticate": "Basic" }).end("content");
    });
  });
  await listening(t, server);
  const connections = new Connections({ env, certificateDirectories: [], failures: downloadFailures });
  t.teardown(() => connections.close());
  const address = join(mkdtempSync(join(directory, "p")), "s");
  const proxy = await RecordingProxy.listen(address, { authority, egress: { connections, refuses: () => false } });
  t.teardown(() => proxy[Symbol.asyncDispose]());
  const open = () => connect(address);
  return { proxy, seen, port: (server.address() as AddressInfo).port, open, ask: (text) => answerOf(open(), text) };
}

async function listening(t: ExecutionContext, server: Server): Promise<void> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
}

async function answerOf(socket: Socket, text: string): Promise<string> {
  let answer = "";
  socket.on("data", (data: Buffer) => (answer += data.toString("latin1")));
  socket.on("error", () => undefined);
  socket.write(text, "latin1");
  await once(socket, "close");
  return answer;
}

const CLOSE = "Connection: close\r\n\r\n";

/** Requests of a hostile step: what it writes (`@` is the server), the status that it gets. */
const HOSTILE: readonly (readonly [name: string, text: string, status: number])[] = [
  ["a request that is for no proxy", `GET / HTTP/1.1\r\nHost: @\r\n${CLOSE}`, 400],
  ["another scheme", `GET ftp://@/ HTTP/1.1\r\nHost: @\r\n${CLOSE}`, 400],
  ["no protocol of the web", "SSH-2.0-x\r\n\r\n", 400],
  ["two lengths", `POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n${CLOSE}0\r\n\r\n`, 400],
  ["two lengths that differ", `POST http://@/ HTTP/1.1\r\nHost: @\r\nContent-Length: 3\r\nContent-Length: 4\r\n${CLOSE}abcd`, 400],
  ["a NUL in a header", `GET http://@/ HTTP/1.1\r\nHost: @\r\nX: a\0b\r\n${CLOSE}`, 400],
  ["a line end in a header", `GET http://@/ HTTP/1.1\r\nHost: @\r\nX: a\rInjected: yes\r\n${CLOSE}`, 400],
  ["headers without end", `GET http://@/ HTTP/1.1\r\nHost: @\r\nX: ${"a".repeat(80 << 10)}`, 400],
  ["CONNECT without a port", `CONNECT web.example HTTP/1.1\r\nHost: x\r\n${CLOSE}`, 400],
  ["CONNECT with a user", `CONNECT a@web.example:443 HTTP/1.1\r\nHost: x\r\n${CLOSE}`, 400],
  ["CONNECT to a path", `CONNECT web.example:443/x HTTP/1.1\r\nHost: x\r\n${CLOSE}`, 400],
  ["CONNECT to a port past the last", `CONNECT 192.0.2.1:65536 HTTP/1.1\r\nHost: x\r\n${CLOSE}`, 400],
  ["CONNECT to a port of another protocol", `CONNECT 192.0.2.1:22 HTTP/1.1\r\nHost: x\r\n${CLOSE}`, 403],
];
for (const [name, text, status] of HOSTILE)
  test(`hostile: ${name}`, async (t) => {
    const { ask, seen, port } = await bench(t);
    t.regex(await ask(text.replaceAll("@", `127.0.0.1:${port}`)), new RegExp(`^HTTP/1.1 ${status} `));
    t.deepEqual(seen, []);
  });

test("a server sees the address that is recorded, and no header of the connection", async (t) => {
  const { ask, seen, port, proxy } = await bench(t);
  const own = "Connection: close, X-Own\r\nX-Own: 1\r\nProxy-Authorization: Basic eA==\r\nAccept-Encoding: gzip\r\nX-Kept: 2\r\n\r\n";
  const answer = await ask(`GET http://user:password@127.0.0.1:${port}/file HTTP/1.1\r\nHost: other.example\r\n${own}`);
  t.regex(answer, /^HTTP\/1\.1 200 OK\r\n[\s\S]*content\r\n0\r\n\r\n$/);
  t.notRegex(answer, /proxy-authenticate|keep-alive: x/i);
  t.deepEqual(seen[0]?.headers, { host: `127.0.0.1:${port}`, "x-kept": "2", connection: "keep-alive" });
  t.deepEqual(proxy.requests, {
    list: [{ method: "GET", url: `http://127.0.0.1:${port}/file`, status: 200, bytes: 7, digest: sha256("content") }],
    more: 0,
  });
});

test("a body is a body, whatever the method is", async (t) => {
  const { ask, seen, port } = await bench(t);
  const smuggled = "GET /second HTTP/1.1\r\nHost: x\r\n\r\n";
  const size = smuggled.length.toString(16);
  await ask(
    `GET http://127.0.0.1:${port}/first HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n${CLOSE}${size}\r\n${smuggled}\r\n0\r\n\r\n`,
  );
  t.deepEqual(
    seen.map(({ line, body }) => [line, body]),
    [["GET /first", smuggled]],
  );
});

test("requests that come at once are answered one after the other, and a step cannot pile them up", async (t) => {
  const { ask, seen, port } = await bench(t);
  const get = (path: string, more = "\r\n") => `GET http://127.0.0.1:${port}${path} HTTP/1.1\r\nHost: x\r\n${more}`;
  const answer = await ask(get("/a") + get("/none") + get("/b", CLOSE));
  t.deepEqual(answer.match(/^HTTP.*/gm), ["HTTP/1.1 200 OK", "HTTP/1.1 404 Not Found", "HTTP/1.1 200 OK"]);
  t.deepEqual(
    seen.map(({ line, busy }) => [line, busy]),
    [
      ["GET /a", 1],
      ["GET /none", 1],
      ["GET /b", 1],
    ],
  );
  t.is(await ask(get("/a").repeat(500)), "");
});

test("what is no material has its reason", async (t) => {
  const { ask, port, proxy } = await bench(t);
  const get = (path: string, more = "", method = "GET") =>
    ask(`${method} http://127.0.0.1:${port}${path} HTTP/1.1\r\nHost: x\r\n${more}${CLOSE}`);
  await get("/cut");
  await get("/found");
  await get("/none");
  await get("/file", "Range: bytes=0-1\r\n");
  await get("/file", "Content-Length: 0\r\n", "POST");
  await ask(`GET http://127.0.0.1:2/ HTTP/1.1\r\nHost: x\r\n${CLOSE}`);
  t.deepEqual(
    proxy.requests.list.map(({ status, incomplete, digest, location }) => [status, incomplete ?? digest ?? location?.replace(/^.*\//, "")]),
    [
      [200, "body_read_failed"],
      [302, "file?token=xxxxx"],
      [404, "unsuccessful_response"],
      [200, "partial_response"],
      [200, "method_not_materializable"],
      [502, "upstream_error"],
    ],
  );
});

/** Begins a tunnel, and TLS in it. */
async function tunnel(open: () => Socket, target: string): Promise<TLSSocket> {
  const socket = open();
  socket.write(`CONNECT ${target} HTTP/1.1\r\nHost: x\r\n\r\n`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  if (!answer.toString().startsWith("HTTP/1.1 200 ")) throw new Error(answer.toString());
  const secure = connectSecurely({ socket, ca: authority.certificate, servername: "", checkServerIdentity: () => undefined });
  await once(secure, "secureConnect");
  return secure;
}

test("in a tunnel: TLS, requests of its server alone, no tunnel", async (t) => {
  const { open, proxy } = await bench(t);
  for (const [text, status] of [
    ["GET http://other.example/ HTTP/1.1\r\nHost: other.example\r\n", 400],
    ["CONNECT other.example:443 HTTP/1.1\r\nHost: x\r\n", 400],
    // Nobody listens there.
    ["GET /x HTTP/1.1\r\nHost: other.example\r\n", 502],
  ] as const) {
    const answer = await answerOf(await tunnel(open, "127.0.0.1:2"), text + CLOSE);
    t.regex(answer, new RegExp(`^HTTP/1.1 ${status} `), text);
  }
  t.deepEqual(proxy.requests.list, [{ method: "GET", url: "https://127.0.0.1:2/x", status: 502, bytes: 0, incomplete: "upstream_error" }]);
});

test("what is no TLS in a tunnel reaches nobody", async (t) => {
  const { open, proxy, seen, port } = await bench(t);
  const socket = open();
  const answer = await answerOf(socket, `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n`);
  t.is(answer, "HTTP/1.1 200 Connection Established\r\n\r\n");
  t.deepEqual([seen, proxy.requests.list], [[], []]);
});

test("a company's proxy is on the way, and its password is shown to nobody", async (t) => {
  const asked: string[] = [];
  const company = createServer();
  company.on("connect", (request, socket) => {
    asked.push(`${request.url} ${request.headers["proxy-authorization"]}`);
    if (request.url?.startsWith("closed")) return socket.end("HTTP/1.1 407 No\r\nContent-Length: 0\r\nProxy-Authenticate: Basic\r\n\r\n");
    socket.write("HTTP/1.1 200 OK\r\n\r\n");
    socket.once("data", () => socket.end("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nfile"));
    return undefined;
  });
  await listening(t, company);
  const { port } = company.address() as AddressInfo;
  const { ask, proxy } = await bench(t, { HTTP_PROXY: `http://me:hush@127.0.0.1:${port}` });
  const answers = [];
  for (const host of ["open.invalid", "closed.invalid"]) answers.push(await ask(`GET http://${host}/ HTTP/1.1\r\nHost: x\r\n${CLOSE}`));
  const basic = `Basic ${Buffer.from("me:hush").toString("base64")}`;
  t.deepEqual(asked, [`open.invalid:80 ${basic}`, `closed.invalid:80 ${basic}`]);
  t.regex(answers[0] ?? "", /^HTTP\/1\.1 200 OK[\s\S]*file$/);
  t.regex(answers[1] ?? "", /^HTTP\/1\.1 502 [\s\S]*the proxy on the way answered 407\n$/);
  t.notRegex(answers.join("") + JSON.stringify(proxy.requests), /hush|bWU6|me:/);
});

test("a proxy that is closed ends its connections", async (t) => {
  const { open, proxy } = await bench(t);
  const socket = open();
  await once(socket, "connect");
  const closed = once(socket, "close");
  await proxy[Symbol.asyncDispose]();
  await closed;
  t.true(socket.destroyed);
});
