import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { type Digest, sha256 } from "../../../core/digest.js";
import { CanceledError } from "../../../core/errors.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { parseChallenges } from "../../../oci/registry/challenge.js";
import { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "../../../oci/registry/client.js";
import { Connections } from "../../../net/connections.js";
import { dockerCredentials } from "../../../oci/registry/credentials.js";
import { redactUrl } from "../../../net/errors.js";
import { RegistryError, registryFailures } from "../../../oci/registry/errors.js";
import { proxyFor } from "../../../net/proxy.js";
import type { Clock } from "../../../net/retry.js";
import { discard } from "../../../net/body.js";
import { exchange } from "../../../net/transport.js";
import type { Descriptor } from "../../../oci/types.js";
import { temporaryDirectory } from "../../support/images/images.js";
import {
  fakeRegistry,
  type FakeRegistry,
  type Handler,
  hasRegistry,
  sendBytes,
  sendJson,
  startRegistry,
} from "../../support/servers/registry.js";
import { notInstalled, requires, withoutProgram } from "../../support/requires.js";

const CONFIG = Buffer.from(JSON.stringify({ architecture: "amd64", os: "linux", rootfs: { type: "layers", diff_ids: [] } }));
const MANIFEST = Buffer.from(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: sha256(CONFIG), size: CONFIG.length },
    layers: [],
  }),
);
const BLOB = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
const LAYER: Descriptor = { mediaType: mediaTypes.ociLayer, digest: sha256(BLOB), size: BLOB.length };

interface Rig {
  readonly fake: FakeRegistry;
  readonly client: RegistryClient;
  /** Milliseconds the client would have waited. */
  readonly waits: number[];
  readonly clock: Clock & { time: number };
}

function fakeClock(waits: number[]): Rig["clock"] {
  return {
    time: 1_000_000,
    now() {
      return this.time;
    },
    random: () => 1,
    async sleep(ms) {
      waits.push(ms);
      this.time += ms;
    },
  };
}

async function rig(t: ExecutionContext, handler: Handler, options: RegistryClientOptions = {}): Promise<Rig> {
  const fake = await fakeRegistry(handler);
  const waits: number[] = [];
  const clock = fakeClock(waits);
  const client = createRegistryClient({
    env: {},
    credentials: { find: async () => undefined },
    certificateDirectories: [],
    clock,
    ...options,
  });
  t.teardown(async () => {
    client.close();
    await fake.close();
  });
  return { fake, client, waits, clock };
}

async function read(blob: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of blob) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function failure(t: ExecutionContext, promise: Promise<unknown>): Promise<RegistryError> {
  return t.throwsAsync<RegistryError>(promise, { instanceOf: RegistryError });
}

test("challenges", (t) => {
  t.deepEqual(parseChallenges('Bearer realm="https://a/t?x=\\"1\\"",service=reg , scope="repository:a/b:pull,push", Basic realm="x y"'), [
    { scheme: "bearer", parameters: { realm: 'https://a/t?x="1"', service: "reg", scope: "repository:a/b:pull,push" } },
    { scheme: "basic", parameters: { realm: "x y" } },
  ]);
  t.deepEqual(parseChallenges("Negotiate, Basic"), [
    { scheme: "negotiate", parameters: {} },
    { scheme: "basic", parameters: {} },
  ]);
  t.deepEqual(parseChallenges('Bearer realm="unclosed'), [{ scheme: "bearer", parameters: {} }]);
  t.deepEqual(parseChallenges(""), []);
});

test("proxies by environment", (t) => {
  const proxied = (url: string, noProxy: string) =>
    proxyFor(new URL(url), { HTTPS_PROXY: "proxy:3128", http_proxy: "http://plain:80", no_proxy: noProxy })?.host;
  t.is(proxied("https://ghcr.io/v2/", ""), "proxy:3128");
  t.is(proxied("http://ghcr.io/v2/", ""), "plain");
  for (const local of ["https://localhost:5000", "https://127.9.9.9", "https://[::1]:5000"]) t.is(proxied(local, ""), undefined, local);
  for (const [url, list, direct] of [
    ["https://ghcr.io", "*", true],
    ["https://ghcr.io", "example.com, ghcr.io", true],
    ["https://a.ghcr.io", "ghcr.io", true],
    ["https://aghcr.io", "ghcr.io", false],
    ["https://ghcr.io", ".ghcr.io", false],
    ["https://a.ghcr.io", "*.ghcr.io", true],
    ["https://ghcr.io:5000", "ghcr.io:443", false],
    ["https://ghcr.io", "ghcr.io:443", true],
    ["https://10.1.2.3", "10.0.0.0/8", true],
    ["https://11.1.2.3", "10.0.0.0/8", false],
    ["https://[fd00::1]", "fd00::/8", true],
    ["https://[fd00::1]:99", "[fd00::1]:98", false],
    ["https://10.1.2.3", "10.1.2.3", true],
  ] as const) {
    t.is(proxied(url, list) === undefined, direct, `${url} with ${list}`);
  }
});

test("URLs are shown without secrets", (t) => {
  t.is(redactUrl("https://user:pw@s3.example.com/a/b?X-Amz-Signature=secret&ns=x#f"), "https://s3.example.com/a/b?X-Amz-Signature=…&ns=…");
});

test("HEAD says what a name is; GET is asked when it does not", async (t) => {
  const { fake, client } = await rig(t, (request, response) => {
    if (request.url.includes("nohead") && request.method === "HEAD") return void response.writeHead(405).end();
    sendBytes(request, response, MANIFEST, mediaTypes.ociManifest);
  });
  const expected = { mediaType: mediaTypes.ociManifest, digest: sha256(MANIFEST), size: MANIFEST.length };
  t.deepEqual(await client.resolve(`${fake.host}/a/b:x`), expected);
  t.deepEqual(await client.resolve(`${fake.host}/a/nohead`), expected);
  t.deepEqual(fake.log, ["HEAD /v2/a/b/manifests/x", "HEAD /v2/a/nohead/manifests/latest", "GET /v2/a/nohead/manifests/latest"]);
  t.true(fake.seen[0]?.headers.accept?.includes(mediaTypes.dockerList));
});

test("a manifest that is not what its digest says is refused", async (t) => {
  const { fake, client } = await rig(t, (request, response) => sendBytes(request, response, MANIFEST, mediaTypes.ociManifest));
  const other = sha256("other");
  const error = await failure(t, client.manifest(`${fake.host}/a/b`, other));
  t.is(error.code, "registry/digest-mismatch");
  t.true(error.message.includes(other));
  t.deepEqual((await client.manifest(`${fake.host}/a/b@${sha256(MANIFEST)}`)).bytes, MANIFEST);
});

test("bearer tokens: fetched with credentials and scope, shared, fetched again when they end", async (t) => {
  let tokens = 0;
  const { fake, client, clock } = await rig(
    t,
    (request, response) => {
      if (request.url.startsWith("/token")) return sendJson(response, 200, { token: `t${++tokens}`, expires_in: 300 });
      if (request.headers.authorization !== `Bearer t${tokens}`) {
        return sendJson(
          response,
          401,
          {},
          { "www-authenticate": `Bearer realm="/token",service="the registry",scope="repository:a/b:pull"` },
        );
      }
      sendBytes(request, response, MANIFEST, mediaTypes.ociManifest);
    },
    { credentials: { find: async () => ({ kind: "basic", username: "me", password: "pä" }) } },
  );
  const ref = `${fake.host}/a/b:x`;
  await Promise.all([client.resolve(ref), client.resolve(ref), client.manifest(ref)]);
  t.is(tokens, 1);
  const token = fake.seen.find((request) => request.url.startsWith("/token"));
  t.is(token?.url, "/token?service=the+registry&scope=repository%3Aa%2Fb%3Apull&account=me");
  t.is(token?.headers.authorization, `Basic ${Buffer.from("me:pä").toString("base64")}`);
  clock.time += 200_000;
  await client.resolve(ref);
  t.is(tokens, 1);
  clock.time += 100_000;
  await client.resolve(ref);
  t.is(tokens, 2);
});

test("an identity token is traded for a bearer token", async (t) => {
  const { fake, client } = await rig(
    t,
    (request, response) => {
      if (request.url === "/token") return sendJson(response, 200, { access_token: "abc" });
      if (request.headers.authorization !== "Bearer abc")
        return sendJson(response, 401, {}, { "www-authenticate": 'Bearer realm="/token",service="s"' });
      sendBytes(request, response, MANIFEST, mediaTypes.ociManifest);
    },
    { credentials: { find: async () => ({ kind: "identity-token", token: "idt" }) } },
  );
  await client.resolve(`${fake.host}/a/b`);
  const token = fake.seen.find((request) => request.url === "/token");
  t.is(token?.method, "POST");
  t.is(token?.body.toString(), "grant_type=refresh_token&client_id=tsbuild&refresh_token=idt&scope=repository%3Aa%2Fb%3Apull&service=s");
});

test("basic authentication, and what is said when it is not enough", async (t) => {
  let password = "right";
  const { fake, client } = await rig(
    t,
    (request, response) => {
      if (request.headers.authorization !== `Basic ${Buffer.from("me:right").toString("base64")}`) {
        return sendJson(
          response,
          401,
          { errors: [{ code: "UNAUTHORIZED", message: "authentication required" }] },
          { "www-authenticate": 'Basic realm="x"' },
        );
      }
      sendBytes(request, response, MANIFEST, mediaTypes.ociManifest);
    },
    { credentials: { find: async () => ({ kind: "basic", username: "me", password }) } },
  );
  await client.resolve(`${fake.host}/a/b`);
  password = "wrong";
  const other = createRegistryClient({ env: {}, credentials: { find: async () => ({ kind: "basic", username: "me", password }) } });
  t.teardown(() => other.close());
  const error = await failure(t, other.manifest(`${fake.host}/a/b`));
  t.is(error.code, "registry/unauthorized");
  t.is(error.status, 401);
  t.deepEqual(error.details, [{ code: "UNAUTHORIZED", message: "authentication required" }]);
  t.is(error.hint, `The stored credentials for ${fake.host} do not allow this; log in with others: tsbuild login ${fake.host}`);
});

test("credentials never go to another origin", async (t) => {
  const storage = await fakeRegistry((request, response) => sendBytes(request, response, BLOB));
  t.teardown(() => storage.close());
  const { fake, client } = await rig(
    t,
    (request, response) => {
      if (request.headers.authorization === undefined) return sendJson(response, 401, {}, { "www-authenticate": "Basic" });
      if (request.url.endsWith("/elsewhere")) return sendBytes(request, response, BLOB);
      const hop = request.url.includes("/near/") ? "/elsewhere" : `${storage.origin}/signed?sig=1`;
      response.writeHead(307, { location: hop }).end();
    },
    { credentials: { find: async () => ({ kind: "basic", username: "me", password: "pw" }) } },
  );
  t.deepEqual(await read(client.blob(`${fake.host}/far/x`, LAYER)), BLOB);
  t.is(storage.seen[0]?.headers.authorization, undefined);
  t.deepEqual(await read(client.blob(`${fake.host}/near/x`, LAYER)), BLOB);
  t.truthy(fake.seen.at(-1)?.headers.authorization);
  fake.handler = (_, response) => void response.writeHead(307, { location: "/again" }).end();
  t.is((await failure(t, client.resolve(`${fake.host}/loop/x`))).code, "registry/protocol");
});

test("temporary failures are tried again with growing waits; what the registry asks for is kept", async (t) => {
  const answers = [503, 500, 429, 200];
  const { fake, client, waits } = await rig(t, (request, response) => {
    const status = answers.shift() ?? 200;
    if (status === 200) return sendBytes(request, response, MANIFEST, mediaTypes.ociManifest);
    response.writeHead(status, status === 429 ? { "retry-after": "7" } : {}).end();
  });
  await client.resolve(`${fake.host}/a/b`);
  t.deepEqual(waits, [500, 1000, 7000]);
});

test("a failure that stays is reported after five attempts, a final one at once", async (t) => {
  const { fake, client, waits } = await rig(t, (request, response) =>
    request.url.includes("/gone/")
      ? sendJson(response, 404, { errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] })
      : void response.writeHead(502, { "content-type": "text/html" }).end("<html>Bad gateway"),
  );
  const error = await failure(t, client.manifest(`${fake.host}/a/b:1`));
  t.is(error.message, `Cannot get the manifest of ${fake.host}/a/b:1: ${fake.host} answered 502`);
  t.is(error.code, "registry/server-error");
  t.true(error.temporary);
  t.deepEqual(waits, [500, 1000, 2000, 4000]);
  const gone = await failure(t, client.resolve(`${fake.host}/gone/b:1`));
  t.is(gone.code, "registry/not-found");
  t.is(gone.message, `Cannot get the manifest of ${fake.host}/gone/b:1: ${fake.host} answered 404 (MANIFEST_UNKNOWN: manifest unknown)`);
  t.is(waits.length, 4);
});

for (const [how, ranges] of [
  ["with ranges", true],
  ["without ranges", false],
] as const) {
  test(`a download that breaks off goes on where it stopped, ${how}`, async (t) => {
    let cuts = 3;
    const { fake, client, waits } = await rig(t, (request, response) => {
      const asked = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
      if (cuts-- <= 0) return sendBytes(ranges ? request : { ...request, headers: {} }, response, BLOB);
      const start = ranges ? asked : 0;
      response.writeHead(ranges && asked > 0 ? 206 : 200, {
        "content-length": BLOB.length - start,
        "content-range": `bytes ${start}-${BLOB.length - 1}/${BLOB.length}`,
      });
      response.write(BLOB.subarray(start, asked + 70_000), () => response.destroy());
    });
    t.deepEqual(await read(client.blob(`${fake.host}/a/b`, LAYER)), BLOB);
    t.is(waits.length, 3);
    t.true(waits.every((wait) => wait === 500));
    t.regex(fake.seen[1]?.headers.range ?? "", /^bytes=\d+-$/);
  });
}

test("a download that never gets on fails; wrong bytes and wrong sizes are refused", async (t) => {
  const { fake, client, waits } = await rig(t, (request, response) => {
    if (request.url.includes("/stuck/")) return void response.writeHead(200, { "content-length": 10 }).write("", () => response.destroy());
    if (request.url.includes("/wrong/")) return sendBytes(request, response, Buffer.from(BLOB).fill(1));
    if (request.url.includes("/long/")) return sendBytes(request, response, Buffer.concat([BLOB, BLOB]));
    sendBytes(request, response, BLOB.subarray(0, 10));
  });
  const stuck = await failure(t, read(client.blob(`${fake.host}/stuck/b`, LAYER)));
  t.is(stuck.code, "registry/unreachable");
  t.is(waits.length, 4);
  t.is((await failure(t, read(client.blob(`${fake.host}/wrong/b`, LAYER)))).code, "registry/digest-mismatch");
  t.is((await failure(t, read(client.blob(`${fake.host}/long/b`, LAYER)))).code, "registry/size-mismatch");
  t.is((await failure(t, read(client.blob(`${fake.host}/short/b`, LAYER)))).code, "registry/size-mismatch");
});

test("an abort ends a download at once", async (t) => {
  const { fake, client } = await rig(
    t,
    (_, response) => void response.writeHead(200, { "content-length": BLOB.length }).write(BLOB.subarray(0, 1000)),
  );
  const abort = new AbortController();
  const reading = (async () => {
    for await (const _ of client.blob(`${fake.host}/a/b`, LAYER, { signal: abort.signal })) abort.abort();
  })();
  await t.throwsAsync(reading, { instanceOf: CanceledError });
  await t.throwsAsync(client.resolve(`${fake.host}/a/b`, { signal: abort.signal }), { instanceOf: CanceledError });
});

test("an upload that is too large in one piece goes in parts; mounting spares it", async (t) => {
  const big = Buffer.alloc(17 << 20, 3);
  const descriptor = { mediaType: mediaTypes.ociLayer, digest: sha256(big), size: big.length };
  const parts: Buffer[] = [];
  const { fake, client } = await rig(t, (request, response) => {
    if (request.method === "HEAD") return void response.writeHead(404).end();
    if (request.url.includes("mount="))
      return void response.writeHead(201, { location: "/up?state=1", "docker-content-digest": descriptor.digest }).end();
    if (request.method === "POST") return void response.writeHead(202, { location: "/up?state=1" }).end();
    if (request.method === "PATCH") {
      parts.push(request.body);
      return void response.writeHead(202, { location: `/up?state=${parts.length + 1}` }).end();
    }
    response.writeHead(request.body.length > 0 ? 413 : 201, { "docker-content-digest": descriptor.digest }).end();
  });
  const open = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < big.length; at += 1 << 20) yield big.subarray(at, at + (1 << 20));
  };
  t.is(await client.putBlob(`${fake.host}/a/b`, descriptor, { open }), "uploaded");
  t.deepEqual(
    parts.map((part) => part.length),
    [16 << 20, 1 << 20],
  );
  t.is(fake.log.at(-1), `PUT /up?state=3&digest=${encodeURIComponent(descriptor.digest)}`);
  t.is(fake.seen.find((request) => request.method === "PATCH")?.headers["content-range"], `0-${(16 << 20) - 1}`);
  t.is(await client.putBlob(`${fake.host}/a/c`, descriptor, { open, mountFrom: "a/b" }), "mounted");
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield big.subarray(0, 10);
    throw new TypeError("the blob is gone");
  };
  await t.throwsAsync(client.putBlob(`${fake.host}/a/d`, descriptor, { open: broken }), {
    instanceOf: TypeError,
    message: "the blob is gone",
  });
});

function certificate(t: ExecutionContext): { readonly key: string; readonly cert: string } {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const args = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test"];
  const files = ["-keyout", "key", "-out", "cert"];
  execFileSync("openssl", [...args, "-addext", "subjectAltName=IP:127.0.0.1", ...files], { cwd: directory.path, stdio: "ignore" });
  const textOf = (name: string) => readFileSync(join(directory.path, name), "utf8");
  return { key: textOf("key"), cert: textOf("cert") };
}

requires(withoutProgram("openssl"))(
  "TLS: loopback takes any certificate; elsewhere certs.d and SSL_CERT_FILE say what to trust",
  async (t) => {
    const tls = certificate(t);
    const fake = await fakeRegistry((request, response) => sendBytes(request, response, MANIFEST, mediaTypes.ociManifest), { tls });
    t.teardown(() => fake.close());
    const client = createRegistryClient({ env: {}, credentials: { find: async () => undefined } });
    t.teardown(() => client.close());
    t.is((await client.resolve(`${fake.host}/a/b`)).digest, sha256(MANIFEST));

    const directory = temporaryDirectory();
    t.teardown(() => directory.remove());
    mkdirSync(join(directory.path, fake.host));
    writeFileSync(join(directory.path, fake.host, "ca.crt"), tls.cert);
    const get = async (connections: Connections) => {
      try {
        const answer = await exchange({ what: "ask", method: "GET", url: new URL(`${fake.origin}/v2/`) }, connections);
        await discard(answer);
        return answer.response.status;
      } finally {
        connections.close();
      }
    };
    t.is(
      (await failure(t, get(new Connections({ env: {}, certificateDirectories: [], failures: registryFailures })))).code,
      "registry/tls",
    );
    t.is(await get(new Connections({ env: {}, certificateDirectories: [directory.path], failures: registryFailures })), 200);
    t.is(
      await get(
        new Connections({
          env: { SSL_CERT_FILE: join(directory.path, fake.host, "ca.crt") },
          certificateDirectories: [],
          failures: registryFailures,
        }),
      ),
      200,
    );
    t.is(await get(new Connections({ env: {}, certificateDirectories: [], failures: registryFailures, authorities: [tls.cert] })), 200);
    await t.throwsAsync(
      get(new Connections({ env: { SSL_CERT_FILE: "/nonexistent" }, certificateDirectories: [], failures: registryFailures })),
      {
        code: "registry/certificate-invalid",
        message: /"\/nonexistent"/,
      },
    );
  },
);

test("an insecure registry behind a proxy", async (t) => {
  const fake = await fakeRegistry((request, response) => sendBytes(request, response, MANIFEST, mediaTypes.ociManifest));
  const asked: string[] = [];
  const proxy: Server = createServer((_, response) => void response.writeHead(405).end());
  proxy.on("connect", (request, socket) => {
    asked.push(request.url ?? "");
    const target = connect(Number(fake.host.split(":")[1]), "127.0.0.1", () => {
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.pipe(target).pipe(socket);
    });
    target.on("error", () => socket.destroy());
    socket.on("error", () => target.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const client = createRegistryClient({
    env: { HTTPS_PROXY: address, HTTP_PROXY: address },
    insecure: ["registry.test:5000"],
    credentials: { find: async () => undefined },
  });
  t.teardown(async () => {
    client.close();
    proxy.closeAllConnections();
    proxy.close();
    await fake.close();
  });
  t.is((await client.resolve("registry.test:5000/a/b")).digest, sha256(MANIFEST));
  t.true(asked.every((host) => host === "registry.test:5000"));
});

test("nobody there", async (t) => {
  const { fake, client } = await rig(t, () => undefined);
  await fake.close();
  const error = await failure(t, client.resolve(`${fake.host}/a/b`));
  t.is(error.code, "registry/unreachable");
  t.regex(error.message, /the connection was refused/);
  t.is(error.status, undefined);
});

test("docker's configuration: auths, helpers, the default store", async (t) => {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const helper = (name: string, script: string) => {
    const path = join(directory.path, `docker-credential-${name}`);
    writeFileSync(path, `#!/bin/sh\nread server\necho "$1 $server" >> ${directory.path}/asked\n${script}\n`);
    chmodSync(path, 0o755);
  };
  helper("good", `echo '{"ServerURL":"x","Username":"helper","Secret":"s"}'`);
  helper("idtoken", `echo '{"Username":"<token>","Secret":"tok"}'`);
  helper("empty", "echo credentials not found in native keychain; exit 1");
  helper("bad", "echo it is locked; exit 1");
  const env = { DOCKER_CONFIG: directory.path, PATH: `${directory.path}:${process.env["PATH"]}` };
  const find = async (config: unknown, registry: string) => {
    writeFileSync(join(directory.path, "config.json"), typeof config === "string" ? config : JSON.stringify(config));
    return dockerCredentials(env).find(registry);
  };
  const auth = Buffer.from("me:p:w\0").toString("base64");
  const basic = { kind: "basic", username: "me", password: "p:w" };
  for (const [registry, key] of [
    ["docker.io", "https://index.docker.io/v1/"],
    ["docker.io", "docker.io"],
    ["ghcr.io", "ghcr.io"],
    ["ghcr.io", "https://ghcr.io"],
    ["localhost:5000", "https://localhost:5000/v2/"],
    ...["http://r.io:1/v1/", "r.io:1/", "https://r.io:1/", "r.io:1/v2/", "http://r.io:1", "https://r.io:1/any/path"].map(
      (key) => ["r.io:1", key] as const,
    ),
  ] as const) {
    t.deepEqual(await find({ auths: { [key]: { auth } } }, registry), basic as never, key);
  }
  t.is(await find({ auths: { "ghcr.io": {} } }, "ghcr.io"), undefined);
  for (const key of ["ghcr.io:443", "http://ghcr.io.evil/", "evil/ghcr.io", "ftp://ghcr.io/"])
    t.is(await find({ auths: { [key]: { auth } } }, "ghcr.io"), undefined, key);
  t.is(await find({ auths: { "ghcr.io": { auth: 7 } } }, "ghcr.io"), undefined);
  t.is(await dockerCredentials({ DOCKER_CONFIG: join(directory.path, "none") }).find("x.io"), undefined);
  t.deepEqual(await find({ auths: { "a.io": { identitytoken: "id" } } }, "a.io"), { kind: "identity-token", token: "id" });
  t.deepEqual(await find({ credHelpers: { "a.io": "good" }, credsStore: "bad" }, "a.io"), {
    kind: "basic",
    username: "helper",
    password: "s",
  });
  t.deepEqual(await find({ credsStore: "idtoken" }, "docker.io"), { kind: "identity-token", token: "tok" });
  t.deepEqual(await find({ credsStore: "empty", auths: { "a.io": { auth } } }, "a.io"), basic as never);
  t.deepEqual(
    execFileSync("cat", [join(directory.path, "asked")])
      .toString()
      .split("\n")
      .slice(0, 2),
    ["get a.io", "get https://index.docker.io/v1/"],
  );
  await t.throwsAsync(find({ credsStore: "bad" }, "a.io"), {
    code: "registry/helper-failed",
    message: /docker-credential-bad: it is locked/,
  });
  await t.throwsAsync(find({ credsStore: "missing" }, "a.io"), { message: /the program is not in PATH/ });
  await t.throwsAsync(find({ credsStore: "../x" }, "a.io"), { message: /not a helper's name/ });
  await t.throwsAsync(find("{", "a.io"), { code: "registry/config-invalid", message: /it is not JSON/ });
  await t.throwsAsync(find({ auths: { "a.io": { auth: "eA==" } } }, "a.io"), { code: "registry/config-invalid" });
});

test("a broken helper does not stop an anonymous pull, and is reported when credentials are needed", async (t) => {
  const { fake, client } = await rig(
    t,
    (request, response) =>
      request.url.includes("/private/")
        ? sendJson(response, 401, {}, { "www-authenticate": "Basic" })
        : sendBytes(request, response, MANIFEST, mediaTypes.ociManifest),
    { credentials: dockerCredentials({ DOCKER_CONFIG: "/dev/null/x", PATH: "" }) },
  );
  await client.resolve(`${fake.host}/public/b`);
  const { hint } = await failure(t, client.manifest(`${fake.host}/private/b`));
  t.regex(hint ?? "", /needs a login: tsbuild login/);
});

requires(hasRegistry ? undefined : notInstalled("docker-registry"))("a real registry: push, mount, pull", async (t) => {
  const registry = await startRegistry();
  const client = createRegistryClient({ env: {}, credentials: { find: async () => undefined } });
  t.teardown(async () => {
    client.close();
    await registry.stop();
  });
  const ref = `${registry.host}/team/app:1`;
  const chunks = (bytes: Buffer) => ({
    open: async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
    },
  });
  t.false(await client.hasBlob(ref, LAYER.digest));
  const sent: number[] = [];
  t.is(await client.putBlob(ref, LAYER, { ...chunks(BLOB), onProgress: (bytes) => sent.push(bytes) }), "uploaded");
  t.is(sent.at(-1), BLOB.length);
  t.is(await client.putBlob(ref, LAYER, chunks(Buffer.alloc(0))), "exists");
  t.is(await client.putBlob(`${registry.host}/other`, LAYER, { ...chunks(Buffer.alloc(0)), mountFrom: "team/app" }), "mounted");
  await client.putBlob(ref, { mediaType: mediaTypes.ociConfig, digest: sha256(CONFIG), size: CONFIG.length }, chunks(CONFIG));
  const digest: Digest = await client.putManifest(ref, MANIFEST, mediaTypes.ociManifest);
  t.deepEqual(await client.resolve(ref), { mediaType: mediaTypes.ociManifest, digest, size: MANIFEST.length });
  t.deepEqual((await client.manifest(ref, digest)).bytes, MANIFEST);
  t.deepEqual(await read(client.blob(ref, LAYER)), BLOB);
  t.is((await failure(t, client.resolve(`${registry.host}/none`))).code, "registry/not-found");
});

test("a connection is kept for the next client of this process; one that the server ended meanwhile is replaced", async (t) => {
  const sockets: Socket[] = [];
  let breaks = false;
  const fake = await fakeRegistry((_request, response) => {
    const socket = response.socket as Socket;
    if (!sockets.includes(socket)) sockets.push(socket);
    else if (breaks) return void socket.destroy();
    response.writeHead(200, {
      "content-type": mediaTypes.ociManifest,
      "docker-content-digest": sha256(MANIFEST),
      "content-length": MANIFEST.length,
    });
    response.end();
  });
  t.teardown(() => fake.close());
  const ask = async () => {
    using client = createRegistryClient({ env: {}, credentials: { find: async () => undefined }, certificateDirectories: [] });
    return (await client.resolve(`${fake.host}/app:1`)).digest;
  };
  t.is(await ask(), sha256(MANIFEST));
  t.is(await ask(), sha256(MANIFEST));
  t.is(sockets.length, 1);
  breaks = true;
  t.is(await ask(), sha256(MANIFEST));
  t.is(sockets.length, 2);
  t.is(fake.log.length, 4);
});
