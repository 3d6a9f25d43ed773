import test from "ava";
import { announced } from "../../core/events.js";
import { recordedStep } from "../../core/recorded-step.js";
import type { BuildDetail, RecordedStep } from "../../api/record/build-record.js";
import type { BuildRecord } from "../../cache/contract/builds.js";
import { golden } from "../support/golden.js";
import { NOW, runRig } from "../support/rigs/cli-rig.js";
import { type CliRigOptions, IMAGE_ID, type RecordedRun } from "../support/rigs/fake-library.js";

// `builds`, `logs` and `explain` over a history in memory: golden texts hold what the user sees.

const MINUTE = 60_000;

const step = (number: number, name: string, more: Partial<RecordedStep> = {}): RecordedStep => ({
  number,
  name,
  step: recordedStep(name),
  status: "completed",
  startedAt: 10 * number,
  duration: 1234,
  logBytes: 0,
  ...more,
});

function recorded(
  record: Partial<BuildRecord> & { readonly id: string },
  detail: Partial<BuildDetail> = {},
  logs?: RecordedRun["logs"],
): RecordedRun {
  const whole: BuildDetail = {
    version: 1,
    platforms: ["linux/amd64"],
    buildArgs: { MODE: "fast" },
    noCache: false,
    steps: [],
    warnings: [],
    ...detail,
  };
  const summary = {
    createdAt: NOW - 5 * MINUTE,
    duration: 1500,
    status: "completed",
    context: "/work/app",
    dockerfile: "Dockerfile",
    target: undefined,
    names: ["docker.io/library/app:latest"],
    imageId: IMAGE_ID,
    steps: 3,
    executed: 2,
    cached: 1,
    failed: 0,
    canceled: 0,
    warnings: 0,
    ...record,
  } as const;
  return { record: { ...summary, detail: JSON.stringify(whole) }, ...(logs ? { logs } : {}) };
}

const STEPS: readonly RecordedStep[] = [
  step(1, "[internal] load build definition from Dockerfile"),
  step(2, "[build 1/4] FROM docker.io/library/alpine:3"),
  step(3, "[build 2/4] WORKDIR /src", { status: "cached", key: "workdir", coveredBy: 6 }),
  step(4, "[build 3/4] COPY src/ ./", {
    explanation: {
      outcome: "ran",
      reason: "changed",
      text: "src/main.c changed (content)",
      changes: [{ kind: "file", subject: "src/main.c", text: "src/main.c changed (content)" }],
      record: { id: 3, createdAt: NOW - 60 * MINUTE, build: "bbbbbbbbbbbb" },
    },
  }),
  step(5, "[build 4/4] RUN make", {
    logBytes: 9,
    explanation: {
      outcome: "ran",
      reason: "changed",
      text: "the step before it\n([build 3/4] COPY src/ ./) gave another result",
      changes: [],
    },
  }),
  step(6, "[stage-1 2/2] COPY --from=build /out /", {
    status: "cached",
    explanation: {
      outcome: "cached",
      reason: "found",
      text: "found the result of build bbbbbbbbbbbb",
      changes: [],
      record: { id: 4, createdAt: NOW - 60 * MINUTE },
    },
  }),
  step(7, "exporting to image", { status: "failed", error: { code: "x/y", message: "the disk is full" }, logBytes: 7 }),
];

/** Steps of a build without explanations, which are looked up later. */
const COVERED: readonly RecordedStep[] = [
  step(1, "[a 1/5] FROM docker.io/library/alpine:3", { status: "cached", coveredBy: 6 }),
  step(2, "[a 2/5] WORKDIR /src", { status: "cached", key: "workdir", coveredBy: 6 }),
  step(3, "[a 3/5] COPY a /", { status: "cached", key: "imported", coveredBy: 6 }),
  step(4, "[a 4/5] COPY b /", { status: "cached", key: "pruned", coveredBy: 6 }),
  step(5, "[a 5/5] RUN make", { status: "cached", key: "again", coveredBy: 6 }),
  step(6, "[b 2/2] RUN true", { status: "cached" }),
  step(7, "[c 2/2] RUN make", { status: "failed", error: { code: "build/step-failed", message: "it did not\nwork" } }),
  step(8, "[d 2/2] RUN sleep 9", { status: "canceled" }),
  step(9, "[e 2/2] RUN sleep 9", { status: "interrupted" }),
];

const SOURCES: CliRigOptions["sources"] = {
  workdir: { id: 7, createdAt: NOW - 120 * MINUTE, build: "bbbbbbbbbbbb", imported: false },
  imported: { id: 8, createdAt: NOW - 100 * MINUTE, build: undefined, imported: true },
  again: { id: 9, createdAt: NOW - MINUTE, build: "aaaaaaaaaaaa", imported: false },
};

const HISTORY: readonly RecordedRun[] = [
  recorded({ id: "aaaaaaaaaaaa", warnings: 2 }, { steps: STEPS }, { 5: "one\ntwo\n\n", 7: "no end " }),
  recorded(
    {
      id: "aabbbbbbbbbb",
      createdAt: NOW - 90 * MINUTE,
      status: "failed",
      imageId: undefined,
      context: "/work/other",
      names: [],
      target: "test",
      duration: 63_000,
      steps: 8,
      executed: 0,
      cached: 5,
      failed: 1,
      canceled: 2,
      failedStep: "[c 2/2] RUN make and make and make again, until nobody looks at it any more",
    },
    { steps: COVERED },
  ),
  recorded({
    id: "bbbbbbbbbbbb",
    createdAt: NOW - 30 * 24 * 60 * MINUTE,
    status: "canceled",
    names: ["ghcr.io/team/app:1"],
    imageId: undefined,
  }),
];

const SHOWN: readonly string[] = [
  "builds",
  "builds ls -q",
  "builds -n 1 --format json",
  "builds --format {{.ID}}|{{.Status}}|{{.Target}}|{{.ImageID}}",
  "builds -q --filter status=failed",
  "builds -q --filter context=other --filter since=2h",
  "builds -q --filter until=7d",
  "builds -q --filter name=app",
  "builds --filter color=red",
  "builds --filter since=soon",
  "builds inspect aaa",
  "builds rm ^2 aab",
  "builds rm --filter status=canceled",
  "builds rm --all",
  "builds rm",
  "builds rm --all ^0",
  "builds --last many",
  "logs",
  "logs ^0 5",
  "logs aaa make",
  "logs aa",
  "logs ^7",
  "logs nope",
  "logs ^0 99",
  "logs ^0 copy",
  "explain",
  "explain --all",
  "explain aaa",
  "explain ^0 build|3/4",
  "explain aab",
  "explain aab --all --format json",
  "logs aab",
  "builds -n 2 --format {{.Failed}}|{{.Canceled}}|{{.FailedStep}}",
  "explain ^0 2/2 --format json",
  "explain --format yaml",
];

test("builds, logs and explain", async (t) => {
  for (const line of SHOWN) {
    const argv = line.split(" ").map((word) => word.replaceAll("|", " "));
    const run = await runRig(argv, { history: HISTORY, sources: SOURCES });
    const name = line.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "");
    golden(
      t,
      `cli/history/${name}.txt`,
      `$ tsbuild ${argv.join(" ")}\n${run.stdout}${run.stderr === "" ? "" : `stderr:\n${run.stderr}`}exit ${run.code}\n`,
    );
  }
});

test("a history without builds", async (t) => {
  t.regex((await runRig(["logs"])).stderr, /error\[history\/not-found\]: Cannot find the build "\^0": no build is recorded/);
  t.deepEqual((await runRig(["builds", "-q"])).stdout, "");
});

test("limits of the history and modes of --no-cache reach the library", async (t) => {
  const options = async (args: readonly string[], history?: string) =>
    (await runRig([...args, "."], history === undefined ? {} : { env: { TSBUILD_HISTORY: history } })).builds[0];
  t.false((await options(["build"], "off"))?.history);
  t.deepEqual((await options(["build"], "builds=10,age=30d,bytes=64m"))?.history, { builds: 10, age: 30 * 86_400_000, bytes: 64 << 20 });
  t.is((await options(["build"]))?.history, undefined);
  t.is((await options(["build", "--no-cache=mounts"]))?.noCache, "mounts");
  t.is((await options(["build", "--no-cache=all"]))?.noCache, "all");
  t.is((await options(["build", "--no-cache=layers"]))?.noCache, true);
  t.is((await options(["build", "--no-cache=false"]))?.noCache, false);
  t.regex((await runRig(["build", "."], { env: { TSBUILD_HISTORY: "color=red" } })).stderr, /cli\/bad-value/);
  const refused = await runRig(["build", "--no-cache=most", "."]);
  t.is(refused.code, 2);
  t.regex(refused.stderr, /--no-cache takes layers, mounts, all, true or false/);
});

test("explanations are shown when they are asked for", async (t) => {
  const id = IMAGE_ID;
  const build = (args: readonly string[]) =>
    runRig(["build", "--progress=plain", ...args, "."], {
      build: async (_options, emit) => {
        emit({ type: "steps", steps: [announced(id, recordedStep("[2/2] RUN make"))] });
        emit({ type: "started", step: id, at: NOW });
        emit({
          type: "explained",
          step: id,
          at: NOW,
          explanation: { outcome: "ran", reason: "new", text: "it is new: no earlier build had this step", changes: [] },
        });
        emit({ type: "completed", step: id, at: NOW });
        return { imageId: id, descriptor: undefined, exports: [], warnings: [], stats: { steps: 1, executed: 1, cached: 0, duration: 1 } };
      },
    });
  t.regex((await build(["--explain"])).stderr, /^#1 ran because it is new: no earlier build had this step$/m);
  t.notRegex((await build([])).stderr, /because/);
});
