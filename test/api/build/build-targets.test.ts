import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { buildTargets, type BuildTargetsOptions } from "../../../api/build/build-targets.js";
import { CanceledError, TsbuildError, UsageError } from "../../../core/errors.js";
import type { BuildEvent } from "../../../core/events.js";
import { temporaryDirectory } from "../../support/images/images.js";

interface Rig {
  readonly out: (name: string) => string;
  readonly root: string;
  run(targets: BuildTargetsOptions["targets"], options?: Partial<BuildTargetsOptions>): ReturnType<typeof buildTargets>;
}

/** Makes a store, and a context with two files. */
function rig(t: ExecutionContext): Rig {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  const context = join(path, "context");
  mkdirSync(context);
  for (const name of ["one", "two"]) writeFileSync(join(context, name), name);
  const root = join(path, "store");
  const run: Rig["run"] = (targets, options = {}) =>
    buildTargets({
      root,
      ...options,
      targets: Object.fromEntries(
        Object.entries(targets).map(([name, target]) => [name, { context, platforms: ["linux/amd64"], ...target }]),
      ),
    });
  return { run, root, out: (name) => join(path, name) };
}

const inline = (text: string) => ({ dockerfile: { text } });
const SHARED = "FROM scratch AS base\nCOPY one /one\nCOPY two /two\n";

test("targets: steps that targets share run once", async (t) => {
  const { run } = rig(t);
  const last = (name: string) => inline(`${SHARED}FROM base\nCOPY one /${name}\n`);
  const results = Object.values(await run({ a: last("a"), b: last("b"), c: last("c") }));
  // Two shared steps, and one of each target.
  t.is(
    results.map(({ stats }) => stats.executed).reduce((sum, count) => sum + count),
    5,
  );
});

test("targets: steps that targets share run once, also when they ignore the cache", async (t) => {
  const { run } = rig(t);
  const last = (name: string) => ({ ...inline(`${SHARED}FROM base\nCOPY one /${name}\n`), noCache: true });
  for (const round of [1, 2]) {
    const results = Object.values(await run({ a: last("a"), b: last("b"), c: last("c") }));
    const executed = results.map(({ stats }) => stats.executed).reduce((sum, count) => sum + count);
    t.is(executed, 5, `round ${round}`);
  }
});

test("targets: a context that a target inherits and does not use is no warning", async (t) => {
  const { run, out } = rig(t);
  mkdirSync(out("more"));
  writeFileSync(join(out("more"), "three"), "three");
  const buildContexts = { more: out("more") };
  const results = await run({
    a: { ...inline("FROM scratch\nCOPY --from=more three /\n"), buildContexts },
    b: { ...inline(SHARED), buildContexts },
  });
  t.deepEqual(
    Object.values(results).flatMap(({ warnings }) => warnings),
    [],
  );
});

test("targets: a target is built from another, also for several platforms", async (t) => {
  const { run, out } = rig(t);
  const platforms = ["linux/amd64", "linux/arm64"];
  const results = await run({
    app: {
      ...inline("FROM base\nCOPY --from=files /two /copied\n"),
      buildContexts: { base: "target:base", files: "target:files" },
      outputs: [{ type: "local", dest: out("app") }],
      platforms,
    },
    base: { ...inline("FROM scratch\nARG TARGETARCH\nENV A=$TARGETARCH\nCOPY one /base\n"), outputs: [{ type: "cacheonly" }], platforms },
    files: { ...inline("FROM scratch\nCOPY two /\n"), outputs: [{ type: "cacheonly" }] },
  });
  t.deepEqual(Object.keys(results).sort(), ["app", "base", "files"]);
  t.deepEqual(readdirSync(out("app")).sort(), ["linux_amd64", "linux_arm64"]);
  t.deepEqual(readdirSync(join(out("app"), "linux_arm64")).sort(), ["base", "copied"]);
  t.is(readFileSync(join(out("app"), "linux_amd64", "copied"), "utf8"), "two");
});

test("targets: events have ids and names of their target", async (t) => {
  const { run } = rig(t);
  const events: BuildEvent[] = [];
  const onEvent = (event: BuildEvent): void => void events.push(event);
  await run({ a: inline(SHARED), b: { ...inline("FROM a\nCOPY one /b\n"), buildContexts: { a: "target:a" } } }, { onEvent });
  const steps = events.flatMap((event) => (event.type === "steps" ? event.steps : []));
  const names = new Map(steps.map(({ id, name }) => [id, name]));
  t.is(names.size, new Set(names.values()).size);
  t.true([...names.values()].every((name) => /^\[[ab][ \]]/.test(name)));
  t.true([...names.values()].includes("[a 1/2] COPY one /one"));
  // A graph that is built on another's has its steps, which are shown once.
  t.is([...names.values()].filter((name) => name.endsWith("COPY one /one")).length, 1);
  // A target that another is built from is stored as well.
  t.true([...names.values()].includes("[a] exporting to image"));
  const ids = events.flatMap((event) => ("step" in event && event.step !== undefined ? [event.step] : []));
  t.true(ids.every((id) => names.has(id)));
});

test("targets: a stage that is named as its target is shown once, also for several platforms", async (t) => {
  const { run } = rig(t);
  const names: string[] = [];
  const onEvent = (event: BuildEvent): void => void (event.type === "steps" && names.push(...event.steps.map(({ name }) => name)));
  const stages = inline("FROM scratch AS base\nCOPY one /\nFROM base AS app\nCOPY two /\n");
  await run({ app: { ...stages, target: "app" } }, { onEvent });
  t.true(names.includes("[app 1/1] COPY two /"), names.join("\n"));
  t.true(names.includes("[app base 1/1] COPY one /"));
  await run({ app: { ...stages, target: "app", platforms: ["linux/amd64", "linux/arm64"] } }, { onEvent });
  t.true(names.includes("[app linux/amd64 1/1] COPY two /"), names.join("\n"));
});

test("targets: the first failure is thrown, with the target's name, and nothing is left", async (t) => {
  const { run, out, root } = rig(t);
  const wrong = { ...inline("FROM scratch\nCOPY missing /\n"), outputs: [{ type: "local" as const, dest: out("wrong") }] };
  const user = {
    ...inline("FROM wrong\n"),
    buildContexts: { wrong: "target:wrong" },
    outputs: [{ type: "local" as const, dest: out("user") }],
  };
  const error = await t.throwsAsync(run({ user, wrong }), { instanceOf: TsbuildError });
  t.is(error?.step, "[wrong 1/1] COPY missing /");
  t.false(existsSync(out("user")));
  t.deepEqual(readdirSync(join(root, "v1", "tmp")), []);
});

test("targets: the failed step is named once, whatever runs beside it", async (t) => {
  const { run } = rig(t);
  const wrong = inline("FROM scratch\nCOPY missing /\n");
  // Waits for a context that never comes, and so is canceled.
  const waiting = { context: new Readable({ read: () => undefined }) };
  const error = await t.throwsAsync(run({ waiting, wrong }), { instanceOf: TsbuildError });
  t.is(error?.step, "[wrong 1/1] COPY missing /");
});

test("targets: with keepGoing the others are built, and each end is told", async (t) => {
  const { run } = rig(t);
  const ended: Record<string, string> = {};
  const results = await run(
    {
      wrong: inline("FROM scratch\nCOPY missing /\n"),
      user: { ...inline("FROM wrong\n"), buildContexts: { wrong: "target:wrong" } },
      right: inline(SHARED),
    },
    { keepGoing: true, onEnd: (name, outcome) => void (ended[name] = "error" in outcome ? String(outcome.error).slice(0, 12) : "built") },
  );
  t.deepEqual(Object.keys(results), ["right"]);
  t.deepEqual(ended, { right: "built", user: ended["wrong"] ?? "", wrong: ended["user"] ?? "" });
  t.not(ended["wrong"], "built");
});

test("targets: an abort cancels all", async (t) => {
  const { run } = rig(t);
  const abort = new AbortController();
  const onEvent = (): void => abort.abort();
  await t.throwsAsync(run({ a: inline(SHARED), b: inline(SHARED) }, { signal: abort.signal, onEvent }), { instanceOf: CanceledError });
});

test("targets: contexts that lead nowhere or in a circle are refused", async (t) => {
  const { run } = rig(t);
  const from = (name: string) => ({ ...inline("FROM scratch\n"), buildContexts: { x: `target:${name}` } });
  const shown = async (targets: BuildTargetsOptions["targets"]) => {
    const error = await t.throwsAsync(run(targets), { instanceOf: UsageError });
    return `${error?.code}: ${error?.message} (${error?.hint})`;
  };
  t.is(
    await shown({ a: from("bb"), b: from("c"), c: {} }),
    'build/targets: Cannot build "a" from the target "bb": it is not among the targets (did you mean "b"?)',
  );
  t.is(
    await shown({ a: from("b"), b: from("a") }),
    "build/targets: Cannot build targets from each other: a -> b -> a (leave out one of these contexts)",
  );
  t.is(await shown({ a: from("a") }), "build/targets: Cannot build targets from each other: a -> a (leave out one of these contexts)");
});
