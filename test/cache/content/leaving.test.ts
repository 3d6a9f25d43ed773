import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import test from "ava";
import { sha256 } from "../../../core/digest.js";
import { openCount } from "../../support/open-files.js";
import { testStore } from "../../support/images/images.js";

const BYTES = randomBytes(5 << 20);

test("a reader that leaves a blob leaves no file open", async (t) => {
  const { store, close } = testStore();
  t.teardown(close);
  const { digest } = store.blobs.writeSmall(BYTES);
  for (let chunks = 0; chunks < 4; chunks++) {
    const reading = store.blobs.open(digest)[Symbol.asyncIterator]();
    for (let read = 0; read < chunks; read++) await reading.next();
    t.is(openCount(store.blobs.path(digest)), chunks === 0 ? 0 : 1);
    await reading.return?.();
    t.is(openCount(store.blobs.path(digest)), 0, `after ${chunks} chunks`);
  }
});

test("a source is destroyed that is not begun, because of an abort or because no file can be made", async (t) => {
  const { store, close } = testStore();
  t.teardown(close);
  const aborted = Readable.from([BYTES], { objectMode: false });
  await t.throwsAsync(store.blobs.ingest(aborted, {}, { signal: AbortSignal.abort() }), { code: "build/canceled" });
  t.true(aborted.destroyed);
  const unread = Readable.from([BYTES], { objectMode: false });
  const onFile = (): never => {
    throw new Error("no room");
  };
  await t.throwsAsync(store.blobs.ingest(unread, { digest: sha256(BYTES) }, { onFile }), { message: "no room" });
  t.true(unread.destroyed);
});
