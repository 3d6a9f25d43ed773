import type { Socket } from "node:net";
import test from "ava";
import { type Digest, sha256 } from "../../../core/digest.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { createRegistryClient } from "../../../oci/registry/client.js";
import { redactUrl } from "../../../net/errors.js";
import { proxyFor } from "../../../net/proxy.js";
import { fakeRegistry, hasRegistry, sendBytes, sendJson, startRegistry } from "../../support/servers/registry.js";
import { notInstalled, requires } from "../../support/requires.js";
import { CONFIG, MANIFEST, BLOB, LAYER, rig, read, failure } from "./client-rig.js";

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

test("nobody there", async (t) => {
  const { fake, client } = await rig(t, () => undefined);
  await fake.close();
  const error = await failure(t, client.resolve(`${fake.host}/a/b`));
  t.is(error.code, "registry/unreachable");
  t.regex(error.message, /the connection was refused/);
  t.is(error.status, undefined);
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
