import test from "ava";
import { RpcError } from "../../../solver/buildkit/grpc/status.js";
import { CONTAINER_METHODS, EVALUATE, PING, READ_DIR, READ_FILE, STAT_FILE } from "../../../solver/buildkit/messages/gateway.js";
import { gatewayClient } from "../../support/rigs/gateway-client.js";
import { serverMachine } from "../../support/rigs/server-machine.js";

const FILES = {
  Dockerfile: "ARG V=1\nFROM scratch as base\nCOPY a.txt /a\n# app makes it\nFROM base AS app\nARG X=2\nMAINTAINER me\n",
  "a.txt": "one",
};
const NAMES = ["Dockerfile", "a.txt"];

const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("utf8");

/** Questions in the place of a build, and parts of their answers. */
const QUESTIONS: readonly [question: string, json: RegExp, text: RegExp, status?: string][] = [
  [
    "frontend.outline",
    /"name": "app",\s+"description": "makes it",\s+"args": \[\s+\{\s+"name": "X"/,
    /^TARGET: {6}app\nDESCRIPTION: makes it\n/,
  ],
  ["frontend.targets", /"name": "app",\s+"default": true/, /^base +\n|app \(default\) makes it\n/],
  [
    "frontend.lint",
    /"ruleName": "FromAsCasing"[^]*"ruleName": "MaintainerDeprecated"/,
    /^Check complete, 2 warnings have been found!\n/,
    "1",
  ],
  ["frontend.subrequests.describe", /"Name": "frontend.lint",\s+"Version": "1.0.0",\s+"Type": "rpc"/, /^frontend.outline 1.0.0: /],
];

for (const [question, json, text, status] of QUESTIONS) {
  test(`the gateway answers ${question} as BuildKit's frontend does`, async (t) => {
    const machine = await serverMachine(t, FILES);
    const client = await gatewayClient(t, machine, NAMES);
    const { metadata = new Map<string, Uint8Array>() } = await client.ask({ requestid: question });
    t.regex(textOf(metadata.get("result.json")), json);
    t.notThrows(() => JSON.parse(textOf(metadata.get("result.json"))) as unknown);
    t.regex(textOf(metadata.get("result.txt")), text);
    t.is(metadata.has("result.statuscode") ? textOf(metadata.get("result.statuscode")) : undefined, status);
    await client.finish({ metadata });
    await t.notThrowsAsync(client.solved);
  });
}

test("the gateway solves, shows files of a result, and ends with what is returned", async (t) => {
  const machine = await serverMachine(t, FILES);
  const client = await gatewayClient(t, machine, NAMES);
  const { LLBCaps = [], Workers = [] } = await client.call(PING, {});
  t.true(LLBCaps.length > 0 && Workers.length === 1);
  const result = await client.ask({ target: "base" });
  const Ref = result.ref?.id ?? "";
  await client.call(EVALUATE, { Ref });
  t.is(textOf((await client.call(READ_FILE, { Ref, FilePath: "/a" })).Data), "one");
  t.is(textOf((await client.call(READ_FILE, { Ref, FilePath: "/a", Range: { Offset: 1, Length: 1 } })).Data), "n");
  t.deepEqual(
    (await client.call(READ_DIR, { Ref, DirPath: "/" })).entries?.map(({ path }) => path),
    ["a"],
  );
  t.is((await client.call(STAT_FILE, { Ref, Path: "/a" })).stat?.size, 3);
  await client.finish(result);
  await t.notThrowsAsync(client.solved);
});

/** Requests that are refused, and the words of the refusal. */
const REFUSED: readonly [title: string, options: Readonly<Record<string, string>>, more: object, words: RegExp][] = [
  ["a question that there is not", { requestid: "frontend.nothing" }, {}, /does not serve the question "frontend.nothing"/],
  ["a frontend that there is not", {}, { Frontend: "gateway.v0" }, /does not serve the frontend "gateway.v0"/],
  ["a stage that there is not", { target: "missing" }, {}, /missing/],
  [
    "bytes that are no definition",
    {},
    { Frontend: "", FrontendOpt: new Map(), Definition: Buffer.from([255, 255, 255, 1]) },
    /definition|truncated|invalid/i,
  ],
];

for (const [title, options, more, words] of REFUSED) {
  test(`the gateway refuses ${title}, and serves the next client`, async (t) => {
    const machine = await serverMachine(t, FILES);
    const client = await gatewayClient(t, machine, NAMES);
    const refused = await t.throwsAsync(client.ask(options, more), { instanceOf: RpcError });
    t.regex(refused?.text ?? "", words);
    client.vanish();
    const next = await gatewayClient(t, machine, NAMES);
    t.truthy((await next.ask({})).ref);
  });
}

test("containers beside a build are refused by their name", async (t) => {
  const machine = await serverMachine(t, FILES);
  const client = await gatewayClient(t, machine, NAMES);
  for (const method of CONTAINER_METHODS) {
    const refused = await t.throwsAsync(client.call(method, {}), { instanceOf: RpcError });
    t.true(refused?.text.includes(method.path.slice(method.path.lastIndexOf("/") + 1)), refused?.text);
  }
});

test("a client that goes away in the middle leaves a server that serves", async (t) => {
  const machine = await serverMachine(t, FILES);
  const client = await gatewayClient(t, machine, NAMES);
  await client.ask({});
  client.vanish();
  await t.throwsAsync(client.solved);
  const { stats } = await machine.build({ builders: [machine.address], outputs: [{ type: "cacheonly" }] });
  t.true(stats.executed <= 1);
});
