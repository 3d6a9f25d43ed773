import test, { type ExecutionContext } from "ava";
import type { PrunePolicy } from "../../../api/options/disk-types.js";
import { diskServices } from "../../../api/server/disk-services.js";
import type { Usage, UsedBy } from "../../../cache/contract/collector.js";
import { RpcError, STATUS } from "../../../solver/buildkit/grpc/status.js";
import { milliseconds } from "../../../solver/buildkit/messages/common.js";
import { DISK_USAGE, PRUNE } from "../../../solver/buildkit/messages/usage.js";
import { servedChannel } from "../../support/servers/served-channel.js";

const HOUR = 3_600_000;
const NOW = 1_700_000_000_000;
const NANOSECONDS = 1e6;

const part = (id: string, kind: Usage["kind"], usedBy: Partial<UsedBy> = {}, more: Partial<Usage> = {}): Usage => ({
  kind,
  id,
  path: `/store/${id}`,
  bytes: 4096,
  name: undefined,
  lastUsedAt: NOW - HOUR,
  usedBy: { images: [], base: false, steps: 0, running: false, ...usedBy },
  inUse: false,
  complete: true,
  ...more,
});

const USAGE: readonly Usage[] = [
  part("layer", "snapshot", { steps: 2 }, { name: "[build 2/4] RUN make", bytes: 8192 }),
  part("both", "blob", { images: ["app:latest"], steps: 1 }, { name: "[1/2] COPY . ." }),
  part("image", "blob", { images: ["app:1", "app:2"] }),
  part("held", "blob", { steps: 1, running: true }, { lastUsedAt: NOW - 60_000 }),
  part("toc", "toc", { steps: 1 }),
  part("npm", "mount", {}, { name: "npm", lastUsedAt: undefined }),
  part("garbage", "other"),
  part("index", "other", {}, { inUse: true }),
  part("base", "blob", { base: true }),
];

async function serving(t: ExecutionContext) {
  const asked: PrunePolicy[] = [];
  const methods = diskServices({
    usage: async () => USAGE,
    now: () => NOW,
    async prune(policy) {
      asked.push(policy);
      const removed = [
        { type: "step", id: "s1", description: "[2/2] RUN make", bytes: 0, lastUsedAt: NOW, why: "unused" },
        { type: "snapshot", id: "layer", description: "[2/2] RUN make", bytes: 8192, lastUsedAt: undefined, why: "unreferenced" },
        { type: "mount", id: "npm", description: "npm", bytes: 10, lastUsedAt: NOW - 1500, why: "unused" },
      ] as const;
      return { removed, reclaimed: 8202 };
    },
  });
  return { channel: await servedChannel(t, methods), asked };
}

test("the use of the disk lists the cache, and no records of the store, images, or metadata of bases", async (t) => {
  const { channel } = await serving(t);
  const { record = [] } = await channel.unary(DISK_USAGE, {});
  const shown = record.map(({ ID, Size = 0, InUse = false, Mutable = false, Shared = false, RecordType, Description = "" }) => [
    ID,
    Size,
    [InUse && "used", Mutable && "mutable", Shared && "shared"].filter(Boolean).join(" "),
    RecordType,
    Description,
  ]);
  t.deepEqual(shown, [
    ["layer", 8192, "", "regular", "[build 2/4] RUN make"],
    ["both", 4096, "shared", "regular", "[1/2] COPY . ."],
    ["held", 4096, "used", "regular", ""],
    ["toc", 4096, "", "internal", ""],
    ["npm", 4096, "mutable", "exec.cachemount", "npm"],
    ["garbage", 4096, "", "internal", ""],
  ]);
  t.is(milliseconds(record[0]?.LastUsedAt ?? {}), NOW - HOUR);
  t.is(record[4]?.LastUsedAt, undefined);
});

const SELECTED: readonly (readonly [name: string, request: { filter?: readonly string[]; ageLimit?: number }, ids: string])[] = [
  ["an empty filter", { filter: [""] }, "layer both held toc npm garbage"],
  ["an id", { filter: ["id==npm"] }, "npm"],
  ["a part of an id", { filter: ["id~=^t"] }, "toc"],
  ["a type", { filter: ["type==exec.cachemount"] }, "npm"],
  ["another type", { filter: ["type!=regular"] }, "toc npm garbage"],
  ["a flag", { filter: ["mutable"] }, "npm"],
  ["several fields", { filter: ["type==regular,immutable,private,inuse"] }, "held"],
  ["one of several filters", { filter: ["shared", "id==npm"] }, "both npm"],
  ["a quoted value", { filter: ['description=="[1/2] COPY . ."'] }, "both"],
  ["a quoted expression", { filter: ["description~=/RUN, |make$/"] }, "layer"],
  ["a field without a value", { filter: ["description"] }, "layer both npm"],
  ["an unknown field", { filter: ["parents"] }, ""],
  ["an age", { ageLimit: HOUR * NANOSECONDS }, "layer both toc npm garbage"],
  ["a long age", { ageLimit: 2 * HOUR * NANOSECONDS }, "npm"],
];
for (const [name, request, ids] of SELECTED) {
  test(`du with a filter: ${name}`, async (t) => {
    const { channel } = await serving(t);
    const { record = [] } = await channel.unary(DISK_USAGE, request);
    t.is(record.map(({ ID }) => ID).join(" "), ids);
  });
}

for (const filter of ["id=x", "=x", "id==a,", "id~=(", "id==a b", "id===a", "id=="]) {
  test(`a filter that is none is refused: ${filter}`, async (t) => {
    const { channel, asked } = await serving(t);
    for (const call of [channel.unary(DISK_USAGE, { filter: [filter] }), channel.unary(PRUNE, { filter: [filter] })]) {
      const refused = await t.throwsAsync(call, { instanceOf: RpcError });
      t.is(refused?.status, STATUS.INVALID_ARGUMENT);
    }
    t.is(asked.length, 0);
  });
}

test("a prune is asked of the store with the limits of the client, and tells what went", async (t) => {
  const { channel, asked } = await serving(t);
  const call = channel.call(PRUNE);
  await call.send({
    all: true,
    keepDuration: 2 * HOUR * NANOSECONDS,
    reservedSpace: 1 << 20,
    maxUsedSpace: 2 << 20,
    minFreeSpace: 3 << 20,
    filter: ["type==regular,private"],
  });
  call.end();
  const sent: unknown[] = [];
  for await (const { ID, Size = 0, Mutable = false, RecordType, LastUsedAt } of call.messages) {
    sent.push([ID, Size, Mutable, RecordType, LastUsedAt && milliseconds(LastUsedAt)]);
  }
  t.deepEqual(sent, [
    ["s1", 0, false, "regular", NOW],
    ["layer", 8192, false, "regular", undefined],
    ["npm", 10, true, "exec.cachemount", NOW - 1500],
  ]);
  const [{ only, ...policy }] = asked as [PrunePolicy];
  t.deepEqual(policy, { all: true, unusedFor: 2 * HOUR, keepStorage: 1 << 20, maxUsedSpace: 2 << 20, minFreeSpace: 3 << 20 });
  const step = { type: "step", id: "s", description: "RUN x", lastUsedAt: NOW, shared: false } as const;
  t.deepEqual([only?.(step), only?.({ ...step, shared: true }), only?.({ ...step, type: "mount" })], [true, false, false]);
});

test("a prune without limits gives the store none", async (t) => {
  const { channel, asked } = await serving(t);
  const call = channel.call(PRUNE);
  await call.send({});
  call.end();
  for await (const _ of call.messages);
  const [{ only, ...policy }] = asked as [PrunePolicy];
  t.deepEqual(policy, { all: false, unusedFor: 0 });
  t.true(only?.({ type: "mount", id: "m", description: "", lastUsedAt: NOW, shared: true }));
});
