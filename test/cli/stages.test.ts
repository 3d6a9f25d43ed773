import test, { type ExecutionContext } from "ava";
import { ExecError } from "../../core/errors.js";
import type { BuildOptions, Target } from "../../api/options/options.js";
import { type CliRun, runRig } from "../support/rigs/cli-rig.js";
import { RESULT } from "../support/rigs/fake-library.js";

const RANGE = { start: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };

/** Runs a command over a Dockerfile with these stages. The stages that `fails` names fail. */
function run(args: readonly string[], fails: readonly string[] = []): Promise<CliRun> {
  const stages = ["base", "test-unit", "test-<lint>", "app", ""];
  const targets = stages.map(
    (name): Target => ({ name, description: "", isDefault: name === "", base: "scratch", platform: "", range: RANGE }),
  );
  return runRig(args, {
    targets: () => Promise.resolve({ targets, source: { name: "Dockerfile", text: "" } }),
    build: ({ target = "" }: BuildOptions) =>
      fails.includes(target)
        ? Promise.reject(
            new ExecError(["make", "test"], { code: 2 }, "one & two\nthree <failed>\n", { step: `[${target} 2/2] RUN make test` }),
          )
        : Promise.resolve(RESULT),
  });
}

const names = ({ builds }: CliRun) => builds.map(({ target }) => target);

test("build: several targets: names, patterns, all", async (t) => {
  t.deepEqual(names(await run(["build", "--target", "app,base", "."])), ["base", "app"]);
  t.deepEqual(names(await run(["build", "--target=test-*", "."])), ["test-unit", "test-<lint>"]);
  t.deepEqual(names(await run(["build", "--target", "*", "."])), ["base", "test-unit", "test-<lint>", "app"]);
  const one = await run(["build", "--target", "app", "."]);
  t.deepEqual(names(one), ["app"]);
  const { stdout } = await run(["build", "--target", "app,base", "."]);
  t.regex(stdout, /^base {2}sha256:\w{64}\napp {3}sha256:\w{64}\n$/);
});

test("build: several targets have the stage's name in tags and destinations", async (t) => {
  const { builds, code } = await run(["build", "--target", "app,base", "-t", "me/{target}:1", "-o", "type=local,dest=out/{target}", "."]);
  t.is(code, 0);
  t.deepEqual(
    builds.map(({ tags }) => tags),
    [["me/base:1"], ["me/app:1"]],
  );
  t.true(
    builds.every(
      ({ outputs, target }) => outputs?.[0]?.type === "local" && String((outputs[0] as { dest: unknown }).dest).endsWith(`out/${target}`),
    ),
  );
});

const REFUSED: readonly (readonly [args: readonly string[], found: RegExp])[] = [
  [["--target", "app,nope", "."], /Cannot find a stage that "nope" names[\s\S]*the stages are base, test-unit/],
  [["--target", "app,base", "-t", "me:1", "."], /Cannot use --tag=me:1 for several stages[\s\S]*--tag=me:1-\{target\}/],
  [["--target", "app,base", "-o", "out", "."], /Cannot use --output/],
  [["--target", "app,base", "-"], /several stages of a context on the standard input/],
];

for (const [args, found] of REFUSED) {
  test(`build: several targets: refused: ${args.join(" ")}`, async (t) => {
    const refused = await run(["build", ...args]);
    t.is(refused.code, 2);
    t.regex(refused.stderr, found);
    t.is(refused.builds.length, 0);
  });
}

/** Returns a report without the times in it. */
const timeless = (text: string) => text.replaceAll(/time="[\d.]+"/g, 'time=""').replaceAll(/duration_ms: \d+/g, "duration_ms: 0");

test("test: runs the stages that begin with test, and reports as TAP", async (t: ExecutionContext) => {
  const good = await run(["test", "."]);
  t.is(good.code, 0);
  t.deepEqual(names(good), ["test-unit", "test-<lint>"]);
  t.true(good.builds.every(({ outputs }) => outputs?.[0]?.type === "cacheonly"));
  const bad = await run(["test", "."], ["test-unit"]);
  t.is(bad.code, 1);
  t.is(
    timeless(bad.stdout),
    `TAP version 13
1..2
not ok 1 - test-unit
  ---
  duration_ms: 0
  message: "[test-unit 2/2] RUN make test: process \\"make test\\" did not complete successfully: exit code: 2"
  output: |-
    one & two
    three <failed>
  ...
ok 2 - test-<lint>
  ---
  duration_ms: 0
  ...
`,
  );
});

test("test: reports as JUnit's XML", async (t) => {
  const { stdout, code } = await run(["test", "--report=junit", "--target", "app,test-*", "."], ["test-<lint>"]);
  t.is(code, 1);
  t.is(
    timeless(stdout),
    `<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="3" failures="1" time="">
  <testsuite name="tsbuild" tests="3" failures="1" time="">
    <testcase name="test-unit" classname="Dockerfile" time=""/>
    <testcase name="test-&lt;lint&gt;" classname="Dockerfile" time="">
      <failure message="[test-&lt;lint&gt; 2/2] RUN make test: process &quot;make test&quot; did not complete successfully: exit code: 2">one &amp; two
three &lt;failed&gt;</failure>
    </testcase>
    <testcase name="app" classname="Dockerfile" time=""/>
  </testsuite>
</testsuites>
`,
  );
});

test("test: a Dockerfile without tests is told", async (t) => {
  const { code, stderr } = await run(["test", "--target", "check*", "."]);
  t.is(code, 2);
  t.regex(stderr, /Cannot find a stage that "check\*" names/);
});
