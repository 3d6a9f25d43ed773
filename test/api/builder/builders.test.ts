import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import test from "ava";
import type { BuildOptions } from "../../../api/options/options.js";
import { CHECK_AGENT, CONTENT_READ, FORWARD_AGENT, GET_SECRET } from "../../../solver/buildkit/messages/session.js";
import { sha256 } from "../../../core/digest.js";
import { ExecError, TsbuildError } from "../../../core/errors.js";
import { deferred } from "../../../core/tasks/deferred.js";
import { IGNORED, LAYERS, machine, solves } from "../../support/rigs/builder-machine.js";
import { type Behaviour, type FakeSolve, startBuildKit } from "../../support/servers/buildkit-server.js";

// A fake of BuildKit, which speaks its API, solves the builds.

test("the builder gets the files that the graph reads, and its layers are the image's", async (t) => {
  const seen: (readonly [string, string | undefined])[] = [];
  const {
    path,
    build: run,
    events,
  } = await machine(t, async (solve) => {
    const files = await solve.sync({ name: "context", exclude: IGNORED, follow: ["a.txt", "dir"] });
    seen.push(...[...files].map(([name, { content }]) => [name, content?.toString()] as const));
    await solve.vertex("[internal] load build context");
    await solve.vertex("[1/2] COPY a.txt /a");
    await solve.log("[2/2] COPY dir /d", "copied\n");
    await solve.vertex("[2/2] COPY dir /d", { cached: true });
    return solve.image(LAYERS);
  });
  const result = await run({ outputs: [{ type: "local", dest: join(path, "out") }], tags: ["t"] });
  t.deepEqual(seen, [
    ["a.txt", "one"],
    ["dir", undefined],
    ["dir/b.txt", "two"],
  ]);
  t.is(readFileSync(join(path, "out", "d", "b.txt"), "utf8"), "two");
  t.deepEqual(result.stats.cached, 1);
  const names = new Map(events.flatMap((event) => (event.type === "steps" ? event.steps.map(({ id, name }) => [id, name] as const) : [])));
  const ends = events.flatMap((event) =>
    event.type === "completed" || event.type === "cached" ? [`${names.get(event.step)} ${event.type}`] : [],
  );
  t.true(ends.includes("[1/2] COPY a.txt /a completed"));
  t.true(ends.includes("[2/2] COPY dir /d cached"));
  t.true(events.some((event) => event.type === "output" && Buffer.from(event.data).toString() === "copied\n"));
});

test("blobs that are here are not sent again; content that did not change is not asked for", async (t) => {
  let puts: boolean[] = [];
  const { build: run } = await machine(t, async (solve) => {
    const put = solve.put.bind(solve);
    solve.put = async (...args) => {
      const sent = await put(...args);
      puts.push(sent);
      return sent;
    };
    const files = await solve.sync({ name: "context", exclude: IGNORED, want: (name) => name === "a.txt" });
    t.deepEqual(
      [...files].flatMap(([name, { content }]) => (content ? [name] : [])),
      ["a.txt"],
    );
    return solve.image(LAYERS);
  });
  await run({ outputs: [{ type: "cacheonly" }] });
  t.deepEqual(puts, [true, true, true, true]);
  puts = [];
  await run({ outputs: [{ type: "cacheonly" }] });
  t.deepEqual(puts, [false, false, false, false]);
});

const RUN = { Dockerfile: 'FROM scratch\nCOPY a.txt /a\nRUN ["/make"]\n', "a.txt": "one" };

for (const [name, fails] of Object.entries<Behaviour>({
  "with the vertex's own words": async (solve) => {
    await solve.log('[2/2] RUN ["/make"]', "no rule\n");
    await solve.vertex('[2/2] RUN ["/make"]', { error: 'process "/make" did not complete successfully: exit code: 3' });
    throw new Error('failed to solve: process "/make" did not complete successfully: exit code: 3');
  },
})) {
  test(`a command that fails, ${name}: its step, place, status and output`, async (t) => {
    const { build: run } = await machine(t, fails, RUN);
    const error = await t.throwsAsync(run(), { instanceOf: ExecError });
    t.deepEqual(error?.exit, { code: 3 });
    t.is(error?.outputTail, "no rule\n");
    t.is(error?.step, '[2/2] RUN ["/make"]');
    t.is(error?.place?.range.line, 3);
  });
}

test("a step that is no command fails in the builder's words, at its place", async (t) => {
  const { build: run, events } = await machine(t, async (solve) => {
    await solve.vertex("[2/2] COPY dir /d", { error: '"/dir": not found' });
    await solve.vertex("[1/2] COPY a.txt /a", { error: "context canceled" });
    throw new Error('failed to compute cache key: "/dir": not found');
  });
  const error = await t.throwsAsync(run(), { instanceOf: TsbuildError, code: "builder/step-failed", message: '"/dir": not found' });
  t.is(error?.place?.range.line, 3);
  t.is(events.filter(({ type }) => type === "canceled").length, 1);
});

test("secrets are given by their ids, and the store is not read", async (t) => {
  const answers: string[] = [];
  const ask = async (solve: FakeSolve, id: string): Promise<void> => {
    const answer = await solve.session.unary(GET_SECRET, { ID: id }).catch((error: unknown) => error);
    answers.push(answer instanceof Error ? answer.message : Buffer.from((answer as { readonly data: Uint8Array }).data).toString());
  };
  const { build: run } = await machine(t, async (solve) => {
    await ask(solve, "token");
    await ask(solve, "other");
    const image = await solve.image(LAYERS);
    const call = solve.session.call(CONTENT_READ, { metadata: { "buildkit-attachable-store-id": "export" } });
    await call.send({ digest: sha256("one") });
    call.end();
    await t.throwsAsync(async () => void (await call.messages[Symbol.asyncIterator]().next()), { message: /not found/ });
    return image;
  });
  await run({ secrets: { token: { value: Buffer.from("s3cret") } }, outputs: [{ type: "cacheonly" }] });
  t.is(answers[0], "s3cret");
  t.regex(answers[1] ?? "", /secret other: not found/);
});

test("an agent is reached by its id, byte for byte", async (t) => {
  let echoed = "";
  const { path, build: run } = await machine(t, async (solve) => {
    const call = solve.session.call(FORWARD_AGENT, { metadata: { "buildkit.ssh.id": "mine" } });
    await call.send({ data: Buffer.from("sign this") });
    call.end();
    for await (const { data } of call.messages) echoed += Buffer.from(data ?? []).toString();
    await t.throwsAsync(solve.session.unary(CHECK_AGENT, { ID: "other" }), { message: /unset ssh forward key other/ });
    return solve.image(LAYERS);
  });
  const socket = join(path, "agent.sock");
  const agent = createServer((client) => void client.pipe(client));
  await new Promise<void>((resolve) => agent.listen(socket, resolve));
  t.teardown(() => agent.close());
  await run({ ssh: { mine: { socket } }, outputs: [{ type: "cacheonly" }] });
  t.is(echoed, "sign this");
});

/** Options that another machine cannot follow, and the words of the refusal. */
const UNSUPPORTED: readonly (readonly [BuildOptions, RegExp])[] = [
  [{ proxyNetwork: true }, /--proxy-network with --builder/],
  [{ memory: "1g" }, /limits of steps with --builder/],
  [{ noCache: "mounts" }, /--no-cache=mounts/],
  [{ cacheTo: [{ type: "inline" }] }, /type=inline/],
  [{ cacheTo: [{ type: "local", dest: "c" }], platforms: ["linux/amd64", "linux/arm64"] }, /--cache-to for several platforms/],
  [{ cacheTo: [{ type: "registry", ref: "localhost/c", mounts: "all" }] }, /mounts of a cache/],
];

for (const [options, message] of UNSUPPORTED) {
  test(`refused before anything is sent: ${JSON.stringify(options)}`, async (t) => {
    const { build: run, fake } = await machine(t, solves);
    await t.throwsAsync(run(options), { code: "builder/unsupported", message });
    t.deepEqual(fake.solves, []);
  });
}

test("an abort ends the work of the builder", async (t) => {
  const begun = deferred();
  const { build: run, fake } = await machine(t, async ({ signal }) => {
    begun.resolve();
    await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
    throw new Error("canceled");
  });
  const abort = new AbortController();
  const building = run({ signal: abort.signal });
  await begun.promise;
  abort.abort();
  await t.throwsAsync(building, { code: "build/canceled" });
  const { signal } = fake.solves[0] as FakeSolve;
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
  t.true(signal.aborted);
});

test("a connection that breaks off is reported as lost, with the builder's address", async (t) => {
  const { build: run, fake } = await machine(t, async () => {
    for (const socket of fake.connections) socket.destroy();
    return new Promise(() => undefined);
  });
  await t.throwsAsync(run(), { code: "builder/lost", message: new RegExp(fake.address) });
});

test("the next builder of a list is taken, and a platform has its own", async (t) => {
  const { build: run, fake, path, events } = await machine(t, solves);
  const gone = `unix://${join(path, "gone.sock")}`;
  await run({ builders: [`${gone},${fake.address}`], outputs: [{ type: "cacheonly" }] });
  t.true(events.some((event) => event.type === "warning" && event.diagnostic.code === "builder/skipped"));
  await t.throwsAsync(run({ builders: [gone] }), { code: "builder/unreachable", message: /gone\.sock: .*there is no such file/i });
  const other = await startBuildKit(path, solves, "other.sock");
  t.teardown(() => other.close());
  const before = fake.solves.length;
  await run({
    platforms: ["linux/amd64", "linux/arm64"],
    builders: [`linux/arm64=${other.address}`, fake.address],
    outputs: [{ type: "cacheonly" }],
  });
  t.deepEqual([fake.solves.length - before, other.solves.length], [1, 1]);
  await t.throwsAsync(run({ builders: [`linux/arm64=${other.address}`] }), { code: "builder/no-platform" });
});
