import test from "ava";
import { contentServices } from "../../../api/server/content-services.js";
import type { Usage } from "../../../cache/contract/collector.js";
import { sha256 } from "../../../core/digest.js";
import { RpcError, STATUS } from "../../../solver/buildkit/grpc/status.js";
import { CONTENT_INFO, CONTENT_LIST, CONTENT_READ, CONTENT_WRITE, WRITE_ACTION } from "../../../solver/buildkit/messages/session.js";
import { servedChannel } from "../../support/servers/served-channel.js";

const DATA = Buffer.from("a layer of the cache");
const DIGEST = sha256(DATA);
const IMAGE = sha256("a layer of an image");

const blob = (id: string, usedBy: Partial<Usage["usedBy"]>, kind: Usage["kind"] = "blob"): Usage => ({
  kind,
  id,
  path: `/store/${id}`,
  bytes: DATA.length,
  name: undefined,
  lastUsedAt: undefined,
  usedBy: { images: [], base: false, steps: 0, running: false, ...usedBy },
  inUse: false,
  complete: true,
});

const METHODS = contentServices({
  blobs: {
    has: (digest) => digest === DIGEST,
    size: () => DATA.length,
    async *open() {
      yield DATA;
    },
  },
  usage: async () => [blob(DIGEST, { steps: 1 }), blob(IMAGE, { images: ["app:1"] }), blob("mount", {}, "mount")],
});

test("blobs of the store are read, also from the middle", async (t) => {
  const channel = await servedChannel(t, METHODS);
  t.deepEqual((await channel.unary(CONTENT_INFO, { digest: DIGEST })).info, { digest: DIGEST, size: DATA.length });
  for (const [offset, text] of [
    [0, "a layer of the cache"],
    [15, "cache"],
  ] as const) {
    const call = channel.call(CONTENT_READ);
    await call.send({ digest: DIGEST, offset });
    call.end();
    const read: Uint8Array[] = [];
    for await (const { data = new Uint8Array() } of call.messages) read.push(data);
    t.is(Buffer.concat(read).toString(), text);
  }
});

test("a blob that is not there is not found, and none is written", async (t) => {
  const channel = await servedChannel(t, METHODS);
  const info = await t.throwsAsync(channel.unary(CONTENT_INFO, { digest: IMAGE }), { instanceOf: RpcError });
  t.is(info?.status, STATUS.NOT_FOUND);
  const call = channel.call(CONTENT_WRITE);
  await call.send({ action: WRITE_ACTION.WRITE, ref: "x", data: DATA });
  const answers = call.messages[Symbol.asyncIterator]();
  await t.throwsAsync(Promise.resolve(answers.next()), { instanceOf: RpcError });
});

const LISTED: readonly (readonly [filters: readonly string[], digests: readonly string[]])[] = [
  [[], [DIGEST]],
  [[`digest==${DIGEST}`], [DIGEST]],
  [[`digest!=${DIGEST}`], []],
];
for (const [filters, digests] of LISTED) {
  test(`the list of blobs is that of the cache: ${filters.join(" ")}`, async (t) => {
    const channel = await servedChannel(t, METHODS);
    const call = channel.call(CONTENT_LIST);
    await call.send({ filters });
    call.end();
    const listed: (string | undefined)[] = [];
    for await (const { info = [] } of call.messages) listed.push(...info.map(({ digest }) => digest));
    t.deepEqual(listed, digests);
  });
}
