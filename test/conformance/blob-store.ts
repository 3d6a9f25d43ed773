import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import type { TestFn } from "ava";
import type { BlobStore } from "../../cache/contract/blobs.js";
import { sha256 } from "../../core/digest.js";

/**
 * Checks the contract of {@link BlobStore}. `make` returns an empty one that lasts as long as the
 * test.
 */
export function blobStoreConformance(test: TestFn, make: (onEnd: (end: () => void) => void) => BlobStore): void {
  const data = Buffer.alloc(3_000_000, "0123456789");
  const digest = sha256(data);

  test("blobs: what is written is there, under its digest, and can be written again", (t) => {
    const blobs = make(t.teardown);
    const written = blobs.writeSmall("hello");
    t.deepEqual(written, { digest: sha256("hello"), size: 5 });
    t.deepEqual(blobs.writeSmall(Buffer.from("hello")), written);
    t.true(blobs.has(written.digest));
    t.is(blobs.size(written.digest), 5);
    t.is(blobs.readSmall(written.digest).toString(), "hello");
    t.deepEqual([...blobs.list()], [written]);
  });

  test("blobs: a stream in chunks of any size is stored whole", async (t) => {
    const blobs = make(t.teardown);
    const progress: number[] = [];
    for (const chunk of [100, 65_536, 2_000_000]) {
      const pieces = Array.from({ length: Math.ceil(data.length / chunk / 10) }, (_, i) => data.subarray(i * chunk, (i + 1) * chunk));
      const whole = Buffer.concat(pieces);
      const result = await blobs.ingest(
        Readable.from(pieces),
        { digest: sha256(whole), size: whole.length },
        { onProgress: (n) => progress.push(n) },
      );
      t.deepEqual(result, { digest: sha256(whole), size: whole.length });
      t.is(progress.at(-1), whole.length);
      t.deepEqual(await buffer(blobs.open(result.digest)), whole);
    }
  });

  test("blobs: bytes that are not what was expected are not kept", async (t) => {
    const blobs = make(t.teardown);
    const other = sha256("other");
    for (const expected of [{ digest: other }, { size: data.length + 1 }, { size: 10 }, { digest, size: 5 }]) {
      await t.throwsAsync(blobs.ingest(Readable.from([data]), expected), { code: "store/digest-mismatch" });
    }
    t.deepEqual([...blobs.list()], []);
    t.false(blobs.has(other));
  });

  test("blobs: an abort and a failing source keep nothing and say why", async (t) => {
    const blobs = make(t.teardown);
    const endless = new Readable({
      read() {
        this.push("x");
      },
    });
    const controller = new AbortController();
    const progress = (bytes: number) => {
      if (bytes > 1000) controller.abort();
    };
    await t.throwsAsync(blobs.ingest(endless, {}, { signal: controller.signal, onProgress: progress }), { code: "build/canceled" });
    const silent = new Readable({ read() {} });
    const second = new AbortController();
    const pending = blobs.ingest(silent, {}, { signal: second.signal });
    second.abort();
    await t.throwsAsync(pending, { code: "build/canceled" });
    async function* failing() {
      yield data;
      throw Object.assign(new Error("connection lost"), { code: "ECONNRESET" });
    }
    await t.throwsAsync(blobs.ingest(failing()), { message: "connection lost" });
    t.deepEqual([...blobs.list()], []);
  });

  test("blobs: a finished file is adopted, twice too", (t) => {
    const blobs = make(t.teardown);
    for (let i = 0; i < 2; i++) {
      const path = blobs.temporaryPath();
      writeFileSync(path, data);
      blobs.adopt(path, digest);
      t.false(existsSync(path));
    }
    t.is(blobs.size(digest), data.length);
    t.is(readdirSync(dirname(blobs.path(digest))).length, 1);
  });

  test("blobs: what is missing is an error that says so", async (t) => {
    const blobs = make(t.teardown);
    const missing = { code: "store/blob-missing" };
    t.false(blobs.has(digest));
    t.throws(() => blobs.size(digest), missing);
    t.throws(() => blobs.readSmall(digest), missing);
    t.throws(() => blobs.open(digest), missing);
    blobs.remove(digest);
  });

  test("blobs: what does not match its digest is refused, removed, and can be stored again", async (t) => {
    const blobs = make(t.teardown);
    for (const read of [async () => blobs.readSmall(digest), async () => buffer(blobs.open(digest))]) {
      await blobs.ingest(Readable.from([data]));
      writeFileSync(blobs.path(digest), Buffer.concat([data, Buffer.from("!")]));
      await t.throwsAsync(read, { code: "store/blob-corrupt" });
      t.false(blobs.has(digest));
    }
  });
}
