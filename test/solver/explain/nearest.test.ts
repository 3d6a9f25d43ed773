import test from "ava";
import { recordedStep } from "../../../core/recorded-step.js";
import type { CacheKey } from "../../../core/cache-key.js";
import type { StepExplanation } from "../../../core/events.js";
import type { ExecOp } from "../../../llb/ops.js";
import type { PastBuild } from "../../../solver/explain/earlier-builds.js";
import { NearestRuns } from "../../../solver/explain/nearest.js";
import { redact } from "../../../solver/explain/redaction.js";
import { keywordOf, similarity, stageOf } from "../../../solver/explain/step-similarity.js";
import { RUN, identity } from "./compared-steps.js";
import { type Earlier, explain } from "./explained-step.js";

test("names of steps: what is the same step", (t) => {
  const run = recordedStep("[linux/arm64 build  2/12] RUN a\nb");
  t.is(stageOf(run), "linux/arm64 build");
  t.is(keywordOf(run), "RUN");
  const like = (a: string, b: string) => similarity(recordedStep(a), recordedStep(b));
  t.is(like("[b 2/4] RUN a", "[b 2/5] RUN a"), 3);
  t.is(like("[b 2/4] RUN a", "[b 3/5] RUN a"), 2);
  t.is(like("[b 2/4] RUN a", "[b 2/5] RUN b"), 1);
  t.is(like("[b 2/4] RUN a", "[b 2/5] COPY b"), 0);
  t.is(like("[b 2/4] RUN a", "[c 2/4] RUN a"), 0);
  t.is(like("[b 2/4] RUN a", "[linux/arm64 b 2/4] RUN a"), 0);
  t.is(like("download x", "download x"), 3);
  t.is(like("download x", "download y"), 0);
});

const OTHER = identity({ ...RUN, cwd: "/other" });

test("the nearest earlier run is the one that fits best, the last used among equals, and none of this build", (t) => {
  const changed = explain(
    [
      { name: "[2/3] RUN test", identity: OTHER },
      { name: "[2/3] RUN make", identity: OTHER, build: "b1" },
    ],
    {},
  );
  t.like(changed, {
    outcome: "ran",
    reason: "changed",
    text: 'WORKDIR went from "/other" to "/src"',
    record: { id: 2, createdAt: 2000, build: "b1" },
  });
  t.like(
    explain(
      [
        { name: "[2/3] RUN make", identity: OTHER, build: "now" },
        { name: "[2/3] RUN make", identity: "damaged" },
      ],
      {},
    ),
    { reason: "new" },
  );
  t.like(explain([{ name: "[2/3] RUN make", identity: identity(RUN) }], {}), { reason: "gone" });
});

const MAKE = { name: "[2/3] RUN make", identity: OTHER };
const TEST = { name: "[3/3] RUN test", identity: OTHER };

/**
 * An earlier build whose steps have these results, by the number of a record; 0 means that a step
 * did not finish.
 */
const past = (id: string, steps: Readonly<Record<string, number>>, otherContext?: string): PastBuild => ({
  id,
  otherContext,
  steps: Object.entries(steps).map(([name, record]) => ({
    step: recordedStep(name),
    finished: record > 0,
    key: record > 0 ? (`k${record}` as CacheKey) : undefined,
  })),
});

/**
 * Earlier records, the last used first; earlier builds, the nearest first; and the explanation of
 * the step.
 */
const NEAREST: readonly (readonly [string, readonly Earlier[], readonly PastBuild[], Partial<StepExplanation>])[] = [
  ["nothing", [], [], { reason: "new", text: "it is new: no earlier build had this step", changes: [] }],
  [
    "the last build's, whatever was used since",
    [MAKE, { ...MAKE, build: "b2" }],
    [past("b7", { "[2/3] RUN make": 2 })],
    { reason: "changed", text: 'WORKDIR went from "/other" to "/src"', record: { id: 2, createdAt: 2000, build: "b2" } },
  ],
  [
    "of the last build the text, before the place",
    [TEST, MAKE],
    [past("b7", { "[2/3] RUN all": 1, "[3/3] RUN make": 2 })],
    { record: { id: 2, createdAt: 2000 } },
  ],
  [
    "of the last build the place",
    [MAKE, TEST],
    [past("b7", { "[2/3] RUN all": 2, "[3/3] RUN test": 1 })],
    { record: { id: 2, createdAt: 2000 } },
  ],
  ["not a step that this build has elsewhere", [], [past("b7", { "[2/3] RUN test": 1 })], { reason: "new" }],
  [
    "a build before that had it",
    [MAKE],
    [past("b7", { "[2/3] COPY a b": 1 }), past("b6", { "[2/3] RUN make": 1 })],
    { record: { id: 1, createdAt: 1000 } },
  ],
  [
    "its result is gone",
    [MAKE],
    [past("b7", { "[2/3] RUN make": 9 }), past("b6", { "[2/3] RUN make": 1 })],
    { reason: "gone", text: "its earlier result is not in the store" },
  ],
  ["it did not finish", [], [past("b7", { "[2/3] RUN make": 0 })], { reason: "unfinished", text: "it did not finish in build b7" }],
  [
    "it did not finish, but had before",
    [MAKE],
    [past("b7", { "[2/3] RUN make": 0 }), past("b6", { "[2/3] RUN make": 1 })],
    { reason: "changed", text: 'it did not finish in build b7; before that: WORKDIR went from "/other" to "/src"' },
  ],
  [
    "a build of another project",
    [MAKE],
    [past("b7", { "[2/3] RUN make": 1 }, "/contexts/ci-7")],
    { text: 'WORKDIR went from "/other" to "/src", compared with /contexts/ci-7' },
  ],
  [
    "without a history: its own project, before others",
    [{ ...MAKE, project: "p" }, { ...TEST, project: "p" }, MAKE],
    [],
    { record: { id: 3, createdAt: 3000 } },
  ],
  [
    "without a history: a project with the same steps",
    [
      { ...MAKE, project: "p" },
      { ...TEST, project: "p" },
    ],
    [],
    { text: 'WORKDIR went from "/other" to "/src", compared with /contexts/p' },
  ],
  ["a project with too few of its steps", [{ ...MAKE, project: "p" }], [], { reason: "new" }],
  [
    "a project of other image names",
    [
      { ...MAKE, project: "foreign" },
      { ...TEST, project: "foreign" },
    ],
    [],
    { reason: "new" },
  ],
  [
    "more steps in common, before the last used",
    [
      { ...MAKE, project: "p" },
      { ...MAKE, project: "q" },
      { ...TEST, project: "q" },
    ],
    [],
    { record: { id: 2, createdAt: 2000 } },
  ],
];

for (const [what, earlier, builds, expected] of NEAREST) {
  test(`the nearest earlier run: ${what}`, (t) => {
    t.like(explain(earlier, {}, {}, builds), expected);
  });
}

test("where a comparison comes from is reported, unless another step just gave another result", (t) => {
  const step = (name: string, key: string) => ({
    name: "[2/3] RUN make",
    components: { identity: identity(RUN), inputs: [{ name, key }] },
  });
  const reported = (input: string) => {
    const imported = {
      from: "cache c",
      runs: [
        { key: "k" as CacheKey, createdAt: 7, ...step("[1/3] COPY a b", "1"), components: redact(step("[1/3] COPY a b", "1").components) },
      ],
    };
    return explain([], { components: redact(step(input, "2").components) }, {}, [], [imported])?.text;
  };
  t.is(reported("[1/3] COPY a b"), "the step before it ([1/3] COPY a b) gave another result");
  t.is(reported("[1/3] COPY c d"), "the step before it is [1/3] COPY c d now, it was [1/3] COPY a b, compared with cache c");
});

test("the nearest earlier run: what came with a cache, when nothing here is known", (t) => {
  const cache = (op: ExecOp) => ({
    from: "cache c",
    runs: [{ key: "k" as CacheKey, createdAt: 7, ...portableStep(op) }],
  });
  const portableStep = (op: ExecOp) => ({ name: "[2/3] RUN make", components: redact({ identity: identity(op), inputs: [] }) });
  const other = cache({ ...RUN, env: ["PATH=/bin", "VERSION=0"] });
  t.like(explain([], {}, {}, [], [other]), {
    reason: "changed",
    text: "ENV VERSION changed, compared with cache c",
    record: { createdAt: 7 },
  });
  t.is(explain([MAKE], {}, {}, [], [other])?.text, 'WORKDIR went from "/other" to "/src"', "not when something is");
  t.like(explain([], {}, {}, [past("b7", { "[2/3] RUN make": 9 })], [other]), { text: "ENV VERSION changed, compared with cache c" });
  const imported: Earlier = { ...MAKE, identity: "" };
  t.like(explain([imported], {}, {}, [past("b7", { "[2/3] RUN make": 1 })]), {
    reason: "changed",
    text: "something changed: another machine made its earlier result, and did not say of what",
  });
});

test("what cannot be explained goes unexplained, and fails nothing", (t) => {
  const damaged: PastBuild = {
    ...past("b7", {}),
    get steps(): never {
      throw new Error("the history is damaged");
    },
  };
  t.is(explain([], {}, {}, [damaged]), undefined);
});

test("steps of earlier builds are gone through once, however many steps are compared with them", (t) => {
  const count = 500;
  let looks = 0;
  const name = (verb: string, index: number) => `[${index + 1}/${count}] ${verb} file${index}`;
  const listOf = (verb: string) =>
    Array.from({ length: count }, (_, index) => ({
      get name() {
        looks++;
        return name(verb, index);
      },
      get step() {
        looks++;
        return recordedStep(name(verb, index));
      },
      id: index + 1,
      finished: true,
      key: undefined,
    }));
  const [build, used] = [listOf("COPY --chown=1"), listOf("COPY --chown=2")];
  let asked = 0;
  const steps = Array.from({ length: count }, (_, index) => recordedStep(name("COPY", index)));
  const nearest = new NearestRuns({
    results: { steps: () => (asked++, used), recentSteps: () => [], get: () => undefined, peek: () => undefined },
    projects: {
      own: "here",
      builds: () => [{ id: "earlier", otherContext: undefined, steps: build }],
      isForeign: () => false,
      describe: String,
    },
    build: "now",
    importedRuns: () => [],
    steps,
  });
  for (const step of steps) nearest.find(step, "");
  t.is(asked, 1);
  t.is(looks, 2 * count);
});
