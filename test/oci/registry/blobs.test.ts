import test from "ava";
import { sha256 } from "../../../core/digest.js";
import { CanceledError } from "../../../core/errors.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { sendBytes } from "../../support/servers/registry.js";
import { BLOB, LAYER, rig, read, failure } from "./client-rig.js";

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
