import test, { type ExecutionContext } from "ava";
import type { RecordedBuild } from "../../../api/record/build-record.js";
import { BuildWatch } from "../../../api/server/build-watch.js";
import { historyServices } from "../../../api/server/history-services.js";
import { CanceledError } from "../../../core/errors.js";
import type { ValueOf } from "../../../llb/wire/message.js";
import { RpcError, STATUS } from "../../../solver/buildkit/grpc/status.js";
import { milliseconds } from "../../../solver/buildkit/messages/common.js";
import { HISTORY_EVENT_TYPE, type HISTORY_REQUEST, LISTEN_HISTORY, UPDATE_HISTORY } from "../../../solver/buildkit/messages/history.js";
import { recordedBuild } from "../../support/samples/recorded-build.js";
import { servedChannel } from "../../support/servers/served-channel.js";

const NOW = 1_700_000_000_000;
const MINUTE = 60_000;
const [, COMPLETE, DELETED] = Object.values(HISTORY_EVENT_TYPE);

const recorded = (id: string, ago: number, more: Partial<RecordedBuild> = {}): RecordedBuild => recordedBuild(id, NOW - ago, more);

const BUILDS: readonly RecordedBuild[] = [
  recorded("newest", MINUTE, {
    names: ["app:1", "app:2"],
    imageId: `sha256:${"c".repeat(64)}`,
    result: { imageId: "", digest: `sha256:${"d".repeat(64)}`, exports: ["oci"] },
    target: "out",
    platforms: ["linux/amd64", "linux/arm64"],
    buildArgs: { A: "1" },
    noCache: ["build"],
    warnings: 4,
  }),
  recorded("broken", 2 * MINUTE, { status: "failed", error: { code: "step/failed", message: "RUN make ended with 2" }, duration: 9000 }),
  recorded("stopped", 3 * MINUTE, { status: "canceled", noCache: true }),
  recorded("died", 4 * MINUTE, { status: "interrupted", dockerfile: "/elsewhere/Dockerfile" }),
  recorded("oldest", 5 * MINUTE, { context: "https://example.com/org/app.git#main:sub", dockerfile: "Dockerfile" }),
];

async function serving(t: ExecutionContext) {
  let builds = BUILDS;
  const watch = new BuildWatch();
  const methods = historyServices({
    watch,
    now: () => NOW,
    history: {
      list: () => builds,
      get: (ref) => {
        const found = builds.find(({ id }) => id === ref);
        if (!found) throw new CanceledError("gone");
        return found;
      },
      log: () => undefined,
      remove: (ids) => {
        builds = builds.filter(({ id }) => !ids.includes(id));
        return ids.length;
      },
    },
  });
  return { channel: await servedChannel(t, methods), watch };
}

type Serving = Awaited<ReturnType<typeof serving>>;

async function listed({ channel }: Serving, request: ValueOf<typeof HISTORY_REQUEST>) {
  const call = channel.call(LISTEN_HISTORY);
  await call.send({ EarlyExit: true, ...request });
  call.end();
  const events: (string | number | undefined)[] = [];
  for await (const { type = 0, record } of call.messages) events.push(`${type}:${record?.Ref ?? ""}`);
  return events.join(" ");
}

test("a record says what a build was asked for, how it ended and what it made", async (t) => {
  const { channel } = await serving(t);
  const call = channel.call(LISTEN_HISTORY);
  await call.send({ EarlyExit: true, Ref: "newest" });
  call.end();
  const shown: unknown[] = [];
  for await (const { type, record } of call.messages) {
    const { CreatedAt = {}, CompletedAt = {}, FrontendAttrs, ExporterResponse, Exporters, ...rest } = record ?? {};
    shown.push(type, milliseconds(CreatedAt), milliseconds(CompletedAt), Object.fromEntries(FrontendAttrs ?? []));
    shown.push(Object.fromEntries(ExporterResponse ?? []), Exporters, rest);
  }
  t.deepEqual(shown, [
    COMPLETE,
    NOW - MINUTE,
    NOW - MINUTE + 1500,
    {
      context: "/src/app",
      filename: "Dockerfile",
      target: "out",
      platform: "linux/amd64,linux/arm64",
      "build-arg:A": "1",
      "no-cache": "build",
    },
    {
      "containerimage.config.digest": `sha256:${"c".repeat(64)}`,
      "containerimage.digest": `sha256:${"d".repeat(64)}`,
      "image.name": "app:1,app:2",
    },
    [{ Type: "oci" }],
    { Ref: "newest", Frontend: "dockerfile.v0", numCachedSteps: 2, numTotalSteps: 3, numCompletedSteps: 3, numWarnings: 4 },
  ]);
});

const ENDS: readonly (readonly [id: string, code: number, message: string, attributes: Readonly<Record<string, string>>])[] = [
  ["broken", STATUS.UNKNOWN, "RUN make ended with 2", { context: "/src/app", filename: "Dockerfile" }],
  ["stopped", STATUS.CANCELLED, "context canceled", { context: "/src/app", filename: "Dockerfile", "no-cache": "" }],
  ["died", STATUS.UNAVAILABLE, "the process of the build died", { context: "/src/app", filename: "/elsewhere/Dockerfile" }],
];
for (const [id, code, message, attributes] of ENDS) {
  test(`the record of a build that did not complete: ${id}`, async (t) => {
    const { channel } = await serving(t);
    const call = channel.call(LISTEN_HISTORY);
    await call.send({ EarlyExit: true, Ref: id });
    call.end();
    for await (const { record } of call.messages) {
      t.deepEqual([record?.error?.code, record?.error?.message], [code, message]);
      t.deepEqual(Object.fromEntries(record?.FrontendAttrs ?? []), attributes);
    }
  });
}

const LISTED: readonly (readonly [name: string, request: ValueOf<typeof HISTORY_REQUEST>, ids: string])[] = [
  ["all", {}, "newest broken stopped died oldest"],
  ["one", { Ref: "died" }, "died"],
  ["one that is not there", { Ref: "die" }, ""],
  ["the newest", { Limit: 2 }, "newest broken"],
  ["those that run", { ActiveOnly: true }, ""],
  ["completed ones", { Filter: ["status==completed"] }, "newest oldest"],
  ["canceled ones", { Filter: ["status==canceled"] }, "stopped"],
  ["failed ones, the newest of them", { Filter: ["status==error"], Limit: 1 }, "broken"],
  ["those of several filters", { Filter: ["status==canceled", "ref~=old"] }, "stopped oldest"],
  ["those of a repository", { Filter: ["repository~=example.com/org"] }, "oldest"],
  ["those that lasted long", { Filter: ["duration>=9s"] }, "broken"],
  ["those of a time", { Filter: ["startedAt>=4m,startedAt<2m"] }, "stopped died"],
  ["those since a date", { Filter: [`startedAt>${new Date(NOW - 2 * MINUTE).toISOString()}`] }, "newest"],
  ["those that ended, and failed", { Filter: ["completedAt>3m,status!=completed"] }, "broken stopped"],
  ["those of a quoted filter", { Filter: ['"ref~=^(o|d)",duration<9s'] }, "died oldest"],
];
for (const [name, request, ids] of LISTED) {
  test(`the history lists ${name}`, async (t) => {
    const expected = ids.split(" ").filter((id) => id !== "");
    t.is(await listed(await serving(t), request), expected.map((id) => `${COMPLETE}:${id}`).join(" "));
  });
}

for (const filter of ["duration>soon", "startedAt<1.1.2020", "status=error", '"a']) {
  test(`a filter of the history that is none is refused: ${filter}`, async (t) => {
    const refused = await t.throwsAsync(listed(await serving(t), { Filter: [filter] }), { instanceOf: RpcError });
    t.is(refused?.status, STATUS.INVALID_ARGUMENT);
  });
}

test("a listener hears of builds that run, end and are removed", async (t) => {
  const { channel, watch } = await serving(t);
  watch.started({ Ref: "now", CreatedAt: {} });
  const call = channel.call(LISTEN_HISTORY);
  await call.send({ ActiveOnly: true });
  const events = call.messages[Symbol.asyncIterator]();
  const next = async (): Promise<string> => {
    const { value } = await events.next();
    const { type = 0, record } = value as ValueOf<typeof LISTEN_HISTORY.response>;
    return `${type}:${record?.Ref ?? ""}`;
  };
  t.is(await next(), "0:now");
  t.is(await listed({ channel, watch }, { ActiveOnly: true }), "0:now");
  t.is(await listed({ channel, watch }, { ActiveOnly: true, Ref: "other" }), "");
  watch.completed({ Ref: "now", CreatedAt: {}, CompletedAt: {} });
  t.is(await next(), `${COMPLETE}:now`);
  t.deepEqual(watch.running, []);
  await channel.unary(UPDATE_HISTORY, { Ref: "broken", Delete: true });
  t.is(await next(), `${DELETED}:broken`);
  t.is(await listed({ channel, watch }, { Limit: 2 }), `${COMPLETE}:newest ${COMPLETE}:stopped`);
  call.cancel();
});

const UPDATES: readonly (readonly [name: string, request: ValueOf<typeof UPDATE_HISTORY.request>, status: number])[] = [
  ["removes a build that is not there", { Ref: "none", Delete: true }, STATUS.NOT_FOUND],
  ["pins a build", { Ref: "broken", Pinned: true }, STATUS.UNIMPLEMENTED],
  ["finalizes a build", { Ref: "broken", Finalize: true }, STATUS.OK],
  ["unpins a build", { Ref: "broken" }, STATUS.OK],
];
for (const [name, request, status] of UPDATES) {
  test(`a client ${name}`, async (t) => {
    const served = await serving(t);
    const answer = served.channel.unary(UPDATE_HISTORY, request).then(
      () => STATUS.OK,
      (error: unknown) => (error instanceof RpcError ? error.status : undefined),
    );
    t.is(await answer, status);
    t.is((await listed(served, {})).split(" ").length, BUILDS.length);
  });
}
