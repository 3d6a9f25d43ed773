import { chmodSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import test, { type ExecutionContext } from "ava";
import { sha256 } from "../../../core/digest.js";
import { CanceledError, TsbuildError } from "../../../core/errors.js";
import { Connections } from "../../../net/connections.js";
import { DEFAULT_LIMITS } from "../../../net/limits.js";
import { systemClock } from "../../../net/retry.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { Authorizer } from "../../../oci/registry/auth.js";
import { createRegistryClient, type RegistryClient, type RegistryClientOptions } from "../../../oci/registry/client.js";
import { CredentialHelper } from "../../../oci/registry/credential-helper.js";
import { registryFailures } from "../../../oci/registry/errors.js";
import type { Descriptor } from "../../../oci/types.js";
import { temporaryDirectory } from "../../support/images/images.js";
import { logicalTime } from "../../support/rigs/logical-time.js";
import { fakeRegistry, type FakeRegistry, type Handler, sendBytes, sendJson } from "../../support/servers/registry.js";

const BLOB = Buffer.alloc(4_000, 7);
const LAYER: Descriptor = { mediaType: mediaTypes.ociLayer, digest: sha256(BLOB), size: BLOB.length };

interface Rig {
  readonly fake: FakeRegistry;
  readonly client: RegistryClient;
  /** Waits that were reported, and their ends. */
  readonly waits: string[];
  readonly onWait: (what: string) => () => void;
}

async function rig(t: ExecutionContext, handler: Handler, options: RegistryClientOptions = {}): Promise<Rig> {
  const fake = await fakeRegistry(handler);
  const { clock, timer, stop } = logicalTime();
  const client = createRegistryClient({
    env: {},
    credentials: { find: async () => undefined },
    certificateDirectories: [],
    clock,
    limits: { ...DEFAULT_LIMITS, timer },
    ...options,
  });
  t.teardown(async () => {
    stop();
    client.close();
    await fake.close();
  });
  const waits: string[] = [];
  const onWait = (what: string) => {
    const shown = what.replace(fake.host, "HOST");
    waits.push(shown);
    return () => void waits.push(`end of ${shown}`);
  };
  return { fake, client, waits, onWait };
}

const open = async function* (): AsyncGenerator<Uint8Array> {
  yield BLOB;
};

for (const status of [400, 401, 403, 404, 405, 500, 501]) {
  test(`mounts refused with ${status}: the blob is uploaded`, async (t) => {
    const { fake, client } = await rig(t, (request, response) => {
      if (request.method === "HEAD") return void response.writeHead(404).end();
      if (request.url.includes("mount=")) return sendJson(response, status, { errors: [{ code: "UNSUPPORTED", message: "no mounts" }] });
      if (request.method === "POST") return void response.writeHead(202, { location: "/up" }).end();
      response.writeHead(201, { "docker-content-digest": LAYER.digest }).end();
    });
    t.is(await client.putBlob(`${fake.host}/a/b`, LAYER, { open, mountFrom: "a/c" }), "uploaded");
    t.deepEqual(fake.seen.at(-1)?.body, BLOB);
  });
}

test("redirects whose bodies do not end are one wait, which is reported", async (t) => {
  const { fake, client, waits, onWait } = await rig(t, (request, response) => {
    const hop = Number(/[?]hop=(\d)/.exec(request.url)?.[1] ?? 0);
    if (hop === 3) return void response.end(BLOB);
    response.writeHead(302, { location: `/v2/a/b/blobs/${LAYER.digest}?hop=${hop + 1}`, "content-length": "100" }).write("x");
  });
  for await (const _ of client.blob(`${fake.host}/a/b`, LAYER, { onWait }));
  t.deepEqual(waits, ["waiting for HOST", "end of waiting for HOST"]);
});

test("mounts that were said to be made but were not: the blob is uploaded", async (t) => {
  const { fake, client } = await rig(t, (request, response) => {
    if (request.method === "HEAD") return void response.writeHead(404).end();
    if (request.url.includes("mount=")) return void response.writeHead(201).end();
    if (request.method === "POST") return void response.writeHead(202, { location: "/up" }).end();
    response.writeHead(201, { "docker-content-digest": LAYER.digest }).end();
  });
  t.is(await client.putBlob(`${fake.host}/a/b`, LAYER, { open, mountFrom: "a/c" }), "uploaded");
});

test("waits: retries are reported with host, number and seconds", async (t) => {
  let asked = 0;
  const { fake, client, waits, onWait } = await rig(t, (request, response) => {
    asked++;
    if (asked === 1) return void response.writeHead(503, { "retry-after": "8" }).end();
    if (asked === 2) return void response.writeHead(500).end();
    sendBytes(request, response, BLOB);
  });
  t.true(await client.hasBlob(`${fake.host}/a/b`, LAYER.digest, { onWait }));
  const [first, second] = ["waiting for HOST, retry 1 of 4 in 8 s", "waiting for HOST, retry 2 of 4 in 1 s"];
  t.deepEqual(waits, [first, `end of ${first}`, second, `end of ${second}`]);
});

test("waits: a server that is slow to answer is named", async (t) => {
  const { fake, client, waits, onWait } = await rig(t, () => undefined);
  const abort = new AbortController();
  const reported = new Promise<void>((resolve) => {
    const asked = client.resolve(`${fake.host}/a/b`, {
      signal: abort.signal,
      onWait(what) {
        resolve();
        return onWait(what);
      },
    });
    asked.catch(() => undefined);
  });
  await reported;
  abort.abort();
  t.is(waits[0], "waiting for HOST");
});

test("waits: a body that stops is reported once, until its next bytes come", async (t) => {
  let goOn = (): void => undefined;
  const { fake, client, waits, onWait } = await rig(t, (_, response) => {
    response.writeHead(200, { "content-length": BLOB.length }).write(BLOB.subarray(0, 10));
    goOn = () => void response.end(BLOB.subarray(10));
  });
  const onFirst = (what: string) => {
    const ended = onWait(what);
    goOn();
    return ended;
  };
  const sizes: number[] = [];
  for await (const chunk of client.blob(`${fake.host}/a/b`, LAYER, { onWait: onFirst })) sizes.push(chunk.length);
  t.deepEqual(waits, ["waiting for HOST", "end of waiting for HOST"]);
  t.is(
    sizes.reduce((sum, size) => sum + size),
    BLOB.length,
  );
});

test("waits: requests that report to nobody report to whoever made the client", async (t) => {
  const heard: string[] = [];
  const { fake, client } = await rig(
    t,
    (request, response) => (fake.seen.length === 1 ? void response.writeHead(503).end() : sendBytes(request, response, BLOB)),
    { onWait: (what) => (heard.push(what.replace(fake.host, "HOST")), () => undefined) },
  );
  t.true(await client.hasBlob(`${fake.host}/a/b`, LAYER.digest));
  t.deepEqual(heard, ["waiting for HOST, retry 1 of 4 in 0.5 s"]);
});

test("waits: a server that asks for a day is not asked again, and the message says so", async (t) => {
  const { fake, client } = await rig(t, (_, response) => void response.writeHead(429, { "retry-after": "86400" }).end());
  await t.throwsAsync(client.resolve(`${fake.host}/a/b`), { code: "registry/rate-limited", message: /and asks to wait 24 hours$/ });
  t.is(fake.seen.length, 1);
});

test("waits: a token server that fails is asked five times, not five times for each request", async (t) => {
  const { fake, client } = await rig(t, (request, response) => {
    if (request.url.startsWith("/token")) return void response.writeHead(500).end();
    response.writeHead(401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token"` }).end();
  });
  await t.throwsAsync(client.manifest(`${fake.host}/a/b`), { code: "registry/server-error" });
  t.is(fake.log.filter((line) => line.startsWith("GET /token")).length, 5);
});

test("waits: a server that never answers is given up after two minutes", async (t) => {
  const { fake, client } = await rig(t, () => undefined);
  await t.throwsAsync(client.resolve(`${fake.host}/a/b`), { code: "registry/unreachable", message: /it did not answer within 60 s/ });
  t.is(fake.seen.length, 2);
});

test("waits: a download that brings two bytes each time is given up", async (t) => {
  const { fake, client } = await rig(t, (request, response) => {
    const from = Number(/(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
    response
      .writeHead(from > 0 ? 206 : 200, { "content-range": `bytes ${from}-${from + 1}/${BLOB.length}` })
      .end(BLOB.subarray(from, from + 2));
  });
  const read = async (): Promise<void> => {
    for await (const _ of client.blob(`${fake.host}/a/b`, LAYER));
  };
  await t.throwsAsync(read(), { code: "registry/size-mismatch", message: /received only 10$/ });
  t.is(fake.seen.length, 5);
});

test("waits: an upload that the registry stops to read is given up; a slow source is not the registry's fault", async (t) => {
  const { fake, client } = await rig(t, (request, response) => {
    if (request.method === "HEAD") return void response.writeHead(404).end();
    if (request.method === "POST") return void response.writeHead(202, { location: "/up" }).end();
    response.writeHead(201, { "docker-content-digest": new URL(request.url, "http://x").searchParams.get("digest") ?? "" }).end();
  });
  const chunk = Buffer.alloc(1 << 20, 1);
  const big: Descriptor = { ...LAYER, digest: sha256(Buffer.alloc(64 << 20, 1)), size: 64 << 20 };
  const stuck = fake.onRequest((request) => {
    if (request.method === "PUT") request.pause();
    return request.method !== "PUT";
  });
  const many = async function* (): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < 64; at++) yield chunk;
  };
  await t.throwsAsync(client.putBlob(`${fake.host}/a/b`, big, { open: many }), {
    code: "registry/unreachable",
    message: /it took nothing within 60 s/,
  });
  stuck();
  // Far more turns than the limit has.
  const slow = async function* (): AsyncGenerator<Uint8Array> {
    for (let turn = 0; turn < 400; turn++) await new Promise((resolve) => setTimeout(resolve, 1));
    yield BLOB;
  };
  t.is(await client.putBlob(`${fake.host}/a/b`, LAYER, { open: slow }), "uploaded");
});

for (const [method, ask] of [
  ["HEAD", (client: RegistryClient, signal: AbortSignal) => client.resolve("registry.example.com/a/b", { signal })],
  ["GET", (client: RegistryClient, signal: AbortSignal) => client.manifest("registry.example.com/a/b", undefined, { signal })],
] as const) {
  test(`waits: an abort ends a ${method} whose proxy takes the connection and is silent`, async (t) => {
    const connected = new Promise<void>((resolve) => {
      const proxy = createServer((socket) => {
        socket.on("error", () => undefined);
        t.teardown(() => void socket.destroy());
        resolve();
      });
      t.teardown(() => void proxy.close());
      proxy.listen(0, "127.0.0.1", () => {
        const { port } = proxy.address() as AddressInfo;
        const client = createRegistryClient({
          env: { HTTPS_PROXY: `http://127.0.0.1:${port}` },
          credentials: { find: async () => undefined },
          certificateDirectories: [],
        });
        t.teardown(() => client.close());
        asked = ask(client, abort.signal);
        asked.catch(() => undefined);
      });
    });
    const abort = new AbortController();
    let asked: Promise<unknown> = Promise.resolve();
    await connected;
    abort.abort();
    await t.throwsAsync(asked, { instanceOf: CanceledError });
  });
}

const registry = "registry.example.com";

function authorizer(t: ExecutionContext): Authorizer {
  const connections = new Connections({ env: {}, certificateDirectories: [], failures: registryFailures });
  t.teardown(() => connections.close());
  const credentials = { find: async () => ({ kind: "basic", username: "me", password: "secret" }) as const };
  return new Authorizer({ registry, credentials, connections, clock: systemClock, verify: true });
}

test("tokens: a password goes to no server in the clear, not even on this machine, for a registry that is encrypted", async (t) => {
  const fake = await fakeRegistry((_, response) => sendJson(response, 200, { token: "x" }));
  t.teardown(() => fake.close());
  const headers = { get: (name: string) => (name === "www-authenticate" ? `Bearer realm="${fake.origin}/token"` : null) };
  const asked = authorizer(t).challenged({ status: 401, headers, body: undefined }, new URL(`https://${registry}/v2/`), {
    sent: undefined,
    scopes: [],
  });
  await t.throwsAsync(asked, { code: "registry/protocol", message: /would get the password unencrypted/ });
  t.is(fake.seen.length, 0);
});

test("tokens: an identity token does not follow a redirect to another server", async (t) => {
  const other = await fakeRegistry((_, response) => sendJson(response, 200, { token: "x" }));
  t.teardown(() => other.close());
  const { fake, client } = await rig(
    t,
    (request, response) => {
      if (request.url.startsWith("/token")) return void response.writeHead(307, { location: `${other.origin}/token` }).end();
      response.writeHead(401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token"` }).end();
    },
    { credentials: { find: async () => ({ kind: "identity-token", token: "secret" }) } },
  );
  await t.throwsAsync(client.manifest(`${fake.host}/a/b`), { code: "registry/protocol" });
  t.is(other.seen.length, 0);
});

/**
 * Makes a helper that neither answers nor closes its output: the program that it started has it as
 * well.
 */
function silentHelper(t: ExecutionContext): Record<string, string> {
  const directory = temporaryDirectory();
  t.teardown(() => directory.remove());
  const path = join(directory.path, "docker-credential-silent");
  writeFileSync(path, "#!/bin/sh\nsleep 60 &\nwait\n");
  chmodSync(path, 0o755);
  return { PATH: `${directory.path}:${process.env["PATH"]}` };
}

test("credential helpers: one that never answers has a limit", async (t) => {
  const helper = new CredentialHelper({ name: "silent", env: silentHelper(t), signal: undefined, timeout: 50 });
  await t.throwsAsync(helper.get("x"), {
    instanceOf: TsbuildError,
    code: "registry/helper-failed",
    message: /did not answer within 0.05 s/,
  });
});

test("credential helpers: an abort ends one at once", async (t) => {
  const abort = new AbortController();
  const asked = new CredentialHelper({ name: "silent", env: silentHelper(t), signal: abort.signal }).get("x");
  setImmediate(() => abort.abort());
  await t.throwsAsync(asked, { instanceOf: CanceledError });
});
