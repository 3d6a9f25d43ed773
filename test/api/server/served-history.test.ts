import { connect } from "node:net";
import test, { type ExecutionContext } from "ava";
import type { ValueOf } from "../../../llb/wire/message.js";
import { Channel } from "../../../solver/buildkit/grpc/channel.js";
import type { AnyMethod } from "../../../solver/buildkit/grpc/method.js";
import { RpcError } from "../../../solver/buildkit/grpc/status.js";
import { STATUS_OF } from "../../../solver/buildkit/messages/control.js";
import { LISTEN_HISTORY, UPDATE_HISTORY } from "../../../solver/buildkit/messages/history.js";
import { CONTENT_LIST } from "../../../solver/buildkit/messages/session.js";
import { DISK_USAGE, PRUNE } from "../../../solver/buildkit/messages/usage.js";
import { serverMachine } from "../../support/rigs/server-machine.js";

const FILES = { Dockerfile: "FROM scratch\nCOPY a.txt /a\nCOPY b.txt /b\n", "a.txt": "one", "b.txt": "two" };

/** Connects a second client to a server of ours. */
function clientOf(t: ExecutionContext, address: string): Channel {
  const channel = new Channel(connect(address.slice("unix://".length)), "test");
  t.teardown(() => channel.close());
  return channel;
}

/** Returns all answers of a call with one message. */
async function answers<M extends AnyMethod>(
  channel: Channel,
  method: M,
  message: ValueOf<M["request"]>,
): Promise<ValueOf<M["response"]>[]> {
  const call = channel.call(method);
  await call.send(message);
  call.end();
  const all: ValueOf<M["response"]>[] = [];
  for await (const answer of call.messages) all.push(answer as ValueOf<M["response"]>);
  return all;
}

const cacheonly = { outputs: [{ type: "cacheonly" }] } as const;

test("a build of a client is in the history under the client's id, with what it reported", async (t) => {
  const { address, build } = await serverMachine(t, FILES);
  const channel = clientOf(t, address);
  await build({ ...cacheonly, builders: [address] });
  const records = (await answers(channel, LISTEN_HISTORY, { EarlyExit: true })).map(({ record }) => record ?? {});
  t.deepEqual(
    records.map(({ numTotalSteps, numCompletedSteps, CompletedAt, error }) => [
      numTotalSteps,
      numCompletedSteps,
      CompletedAt !== undefined,
      error,
    ]),
    [[2, 2, true, undefined]],
  );
  const { Ref = "" } = records[0] ?? {};
  const names = (await answers(channel, STATUS_OF, { Ref })).flatMap(({ vertexes = [] }) => vertexes.map(({ name = "" }) => name));
  t.true(
    ["COPY a.txt /a", "COPY b.txt /b"].every((step) => names.some((name) => name.includes(step))),
    names.join("\n"),
  );
  await channel.unary(UPDATE_HISTORY, { Ref, Delete: true });
  t.deepEqual(await answers(channel, LISTEN_HISTORY, { EarlyExit: true }), []);
});

test("a failed build is in the history too, and a build that a listener waits for is reported", async (t) => {
  const { address, build } = await serverMachine(t, { Dockerfile: "FROM scratch\nCOPY a.txt /a\nCOPY missing /b\n", "a.txt": "one" });
  const channel = clientOf(t, address);
  const call = channel.call(LISTEN_HISTORY);
  await call.send({ ActiveOnly: true });
  const events = call.messages[Symbol.asyncIterator]();
  const failed = t.throwsAsync(build({ ...cacheonly, builders: [address] }));
  const next = async () => ((await events.next()).value as ValueOf<typeof LISTEN_HISTORY.response>).record ?? {};
  const started = await next();
  t.is(started.CompletedAt, undefined);
  const ended = await next();
  t.is(ended.Ref, started.Ref);
  t.regex(ended.error?.message ?? "", /missing/);
  await failed;
  call.cancel();
});

test("what a build left is listed until it is pruned", async (t) => {
  const { address, build } = await serverMachine(t, FILES);
  const channel = clientOf(t, address);
  await build({ ...cacheonly, builders: [address] });
  const { record = [] } = await channel.unary(DISK_USAGE, {});
  t.true(record.some(({ Description = "" }) => Description.includes("COPY a.txt /a")));
  t.true((await answers(channel, PRUNE, { all: true })).length > 0);
  t.deepEqual(await channel.unary(DISK_USAGE, {}), {});
  t.deepEqual(await answers(channel, CONTENT_LIST, {}), []);
  const refused = await t.throwsAsync(channel.unary(UPDATE_HISTORY, { Ref: "none", Delete: true }), { instanceOf: RpcError });
  t.regex(refused?.text ?? "", /not in the history/);
});
