import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import test, { type ExecutionContext } from "ava";
import { build } from "../../../api/build/build.js";
import { buildTargets, type BuildTargetsOptions } from "../../../api/build/build-targets.js";
import { DiagnosticsError, TsbuildError, UsageError } from "../../../core/errors.js";
import type { BuildEvent } from "../../../core/events.js";
import { temporaryDirectory } from "../../support/images/images.js";

interface Rig {
  readonly out: (name: string) => string;
  readonly root: string;
  /** Makes a directory with files. */
  files(name: string, files: Readonly<Record<string, string>>): string;
  run(targets: BuildTargetsOptions["targets"], options?: Partial<BuildTargetsOptions>): ReturnType<typeof buildTargets>;
}

function rig(t: ExecutionContext): Rig {
  const { path, remove } = temporaryDirectory();
  t.teardown(remove);
  const root = join(path, "store");
  return {
    root,
    out: (name) => join(path, name),
    files(name, files) {
      const directory = join(path, name);
      mkdirSync(directory, { recursive: true });
      for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, file), text);
      return directory;
    },
    run: (targets, options = {}) =>
      buildTargets({
        root,
        ...options,
        targets: Object.fromEntries(Object.entries(targets).map(([name, target]) => [name, { platforms: ["linux/amd64"], ...target }])),
      }),
  };
}

const inline = (text: string) => ({ dockerfile: { text } });
const NOTHING = { outputs: [{ type: "cacheonly" as const }] };

test("joined graph: a shared step is announced, runs and ends once, whatever its targets are", async (t) => {
  const { run, files } = rig(t);
  const context = files("context", { one: "1" });
  const events: BuildEvent[] = [];
  const target = (name: string) => ({ context, ...inline(`FROM scratch AS base\nCOPY one /one\nFROM base\nCOPY one /${name}\n`) });
  await run({ a: target("a"), b: target("b"), c: target("c") }, { onEvent: (event) => void events.push(event) });
  const names = events.flatMap((event) => (event.type === "steps" ? event.steps.map(({ name }) => name) : []));
  t.deepEqual(
    names.filter((name) => name.includes("COPY")),
    ["[a base 1/1] COPY one /one", "[a stage-1 1/1] COPY one /a", "[b stage-1 1/1] COPY one /b", "[c stage-1 1/1] COPY one /c"],
  );
  const ids = new Set(events.flatMap((event) => (event.type === "steps" ? event.steps.map(({ id }) => id) : [])));
  t.is(names.length, ids.size);
  const inputs = events.flatMap((event) => (event.type === "steps" ? event.steps.flatMap((step) => step.inputs) : []));
  t.true(inputs.every((id) => ids.has(id)));
});

test("joined graph: directories of equal names are those of their targets, also below another target", async (t) => {
  const { run, files, out } = rig(t);
  const copy = "COPY file /";
  await run({
    base: { context: files("a", { file: "of a" }), ...inline(`FROM scratch\n${copy}from-base\n`), ...NOTHING },
    app: {
      context: files("b", { file: "of b" }),
      ...inline(`FROM base\n${copy}from-app\n`),
      buildContexts: { base: "target:base" },
      outputs: [{ type: "local", dest: out("app") }],
    },
  });
  t.deepEqual(
    ["from-base", "from-app"].map((name) => readFileSync(join(out("app"), name), "utf8")),
    ["of a", "of b"],
  );
});

test("joined graph: a target on another gives the image of one Dockerfile with both", async (t) => {
  const { run, files, root } = rig(t);
  const context = files("context", { one: "1", two: "2" });
  const base = 'FROM scratch\nENV A=1\nWORKDIR /w\nLABEL l=1\nCOPY one /one\nCMD ["x"]\n';
  const app = "FROM base\nCOPY two /two\nENV B=$A\n";
  const results = await run({
    base: { context, ...inline(base), ...NOTHING },
    app: { context, ...inline(app), buildContexts: { base: "target:base" } },
  });
  const text = `${base.replace("FROM scratch", "FROM scratch AS base")}${app}`;
  const alone = await build({ root, context, platforms: ["linux/amd64"], ...inline(text) });
  t.is(results["app"]?.imageId, alone.imageId);
  t.is(alone.stats.executed, 0);
});

test("joined graph: triggers of a target run in the one that is built from it, and labels stay", async (t) => {
  const { run, files, out } = rig(t);
  const context = files("context", { one: "1" });
  await run({
    base: { context, ...inline("FROM scratch\nONBUILD COPY one /triggered\n"), labels: { l: "1" }, ...NOTHING },
    app: { context, ...inline("FROM base\n"), buildContexts: { base: "target:base" }, outputs: [{ type: "local", dest: out("app") }] },
  });
  t.is(readFileSync(join(out("app"), "triggered"), "utf8"), "1");
});

test("joined graph: a target for one platform serves any, one for several only these", async (t) => {
  const { run, files, out } = rig(t);
  const context = files("context", { one: "1" });
  const base = { context, ...inline("FROM scratch\nARG TARGETARCH\nENV ARCH=$TARGETARCH\nCOPY one /$ARCH\n"), ...NOTHING };
  const app = {
    context,
    ...inline("FROM scratch\nCOPY --from=base / /\n"),
    buildContexts: { base: "target:base" },
    outputs: [{ type: "local" as const, dest: out("app") }],
    platforms: ["linux/arm64"],
  };
  await run({ base, app });
  t.is(readFileSync(join(out("app"), "amd64"), "utf8"), "1");
  const error = await t.throwsAsync(run({ base: { ...base, platforms: ["linux/amd64", "linux/s390x"] }, app }), {
    instanceOf: DiagnosticsError,
  });
  t.regex(error?.message ?? "", /Cannot build from the target "base" for linux\/arm64: it is built for linux\/amd64, linux\/s390x only/);
});

test("joined graph: what one target may do, another may not, unless it is built from it", async (t) => {
  const { run, files } = rig(t);
  const context = files("context", { one: "1" });
  const text = 'FROM scratch\nCOPY one /one\nRUN --network=host ["/one"]\n';
  const free = { context, ...inline(text), allow: ["network.host" as const], network: "none" as const, ...NOTHING };
  const bound = { context, ...inline(text), network: "none" as const, ...NOTHING };
  const code = async (targets: BuildTargetsOptions["targets"]) => {
    const error = await t.throwsAsync(run(targets), { instanceOf: TsbuildError });
    return error instanceof DiagnosticsError ? error.diagnostics[0]?.code : error?.code;
  };
  t.is(await code({ free, bound }), "build/not-allowed");
  // The step itself fails: there is no such program.
  const user = { context, ...inline("FROM free\n"), buildContexts: { free: "target:free" }, ...NOTHING };
  t.not(await code({ free, user }), "build/not-allowed");
});

test("joined graph: nobody waits for a context that comes from elsewhere", async (t) => {
  const { run, files } = rig(t);
  const context = files("context", { one: "1" });
  const stop = new AbortController();
  const late = { context: new Readable({ read: () => undefined }) };
  const ready = { context, ...inline("FROM scratch\nCOPY one /\n"), ...NOTHING };
  const onEnd = (name: string): void => void (name === "ready" && stop.abort(new UsageError("cli/usage", "enough")));
  await t.throwsAsync(run({ late, ready }, { onEnd, signal: stop.signal }), { message: "enough" });
});
