import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { build } from "../../../api/build/build.js";
import { openBuildHistory } from "../../../api/store/build-history.js";
import { StepCounter } from "../../../api/record/step-counter.js";
import { BuildRecorder } from "../../../api/record/build-recorder.js";
import type { WebRequests } from "../../../core/web-request.js";
import type { BuildOptions, BuildResult } from "../../../api/options/options.js";
import { resolveBuildOptions } from "../../../api/options/resolve-options.js";
import { openStore } from "../../../cache/open-store.js";
import type { Store } from "../../../cache/store.js";
import { sha256 } from "../../../core/digest.js";
import { CanceledError, TsbuildError } from "../../../core/errors.js";
import { announced, type BuildEvent, type StepExplanation, type StepUsage } from "../../../core/events.js";
import { recordedStep } from "../../../core/recorded-step.js";
import type { StepInfo } from "../../../core/step.js";

const [load, run, copy] = [sha256("load"), sha256("run"), sha256("copy")];
const LOAD: StepInfo = { kind: "internal", text: "load build definition from Dockerfile" };
const MAKE: StepInfo = { kind: "instruction", stage: "", position: 1, of: 2, text: "RUN make" };
const COPY: StepInfo = { kind: "instruction", stage: "", position: 2, of: 2, text: "COPY a b" };
// Not long ago: what is older than the limits goes at once.
const START = Math.floor(Date.now() / 1000) * 1000;
const RESULT: BuildResult = {
  imageId: sha256("config"),
  descriptor: { mediaType: "application/vnd.oci.image.manifest.v1+json", digest: sha256("manifest"), size: 7 },
  exports: [{ type: "image", metadata: {} }],
  warnings: [],
  stats: { steps: 2, executed: 1, cached: 1, duration: 1 },
  collectionDue: false,
};
const REQUESTS: WebRequests = { list: [{ method: "GET", url: "https://web.example/", status: 200, bytes: 3 }], more: 0 };
const USAGE: StepUsage = { userTime: 1, systemTime: 2, peakMemory: 3, peakOf: "step", bytesRead: 4, bytesWritten: 5, peakTasks: 6 };
const WHY: StepExplanation = { outcome: "ran", reason: "new", text: "it is new: no earlier build had this step", changes: [] };

async function withDirectory(body: (directory: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-history-"));
  try {
    await body(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Makes a recorder whose steps are counted as in a build. */
function newRecorder(store: Store, build: ReturnType<typeof resolveBuildOptions>): Pick<BuildRecorder, "id" | "onEvent" | "finish"> {
  const tally = new StepCounter();
  const made = new BuildRecorder({ history: store.builds, build, tally, startedAt: START });
  return {
    id: made.id,
    onEvent: (event) => {
      tally.count(event);
      made.onEvent(event);
    },
    finish: (end, at) => made.finish(end, at),
  };
}

function recorder(store: Store, options: BuildOptions = {}): ReturnType<typeof newRecorder> {
  const resolved = resolveBuildOptions({ context: "/context", ...options }, {});
  const made = newRecorder(store, resolved);
  made.onEvent({
    type: "steps",
    steps: [announced(load, LOAD), announced(run, MAKE), announced(copy, COPY)],
  });
  return made;
}

const output = (step: ReturnType<typeof sha256>, text: string): BuildEvent => ({
  type: "output",
  step,
  at: START + 5,
  stream: "stdout",
  data: Buffer.from(text),
});

test("a record holds every step in the order it began, what it printed, and no secrets", (t) =>
  withDirectory(async (root) => {
    const store = openStore({ root });
    const made = recorder(store, {
      tags: ["app"],
      target: "out",
      buildArgs: { A: "1", NPM_TOKEN: "hush", HTTP_PROXY: "http://me:hush@proxy:1" },
      dockerfile: "https://me:hush@host/Dockerfile?sig=hush",
    });
    made.onEvent({ type: "started", step: load, at: START });
    made.onEvent({ type: "completed", step: load, at: START + 1 });
    made.onEvent({ type: "cached", step: copy, at: START + 2 });
    made.onEvent({ type: "started", step: run, at: START + 3 });
    made.onEvent({ type: "explained", step: run, at: START + 3, explanation: WHY });
    made.onEvent(output(run, "one\n"));
    made.onEvent(output(run, "two"));
    made.onEvent({ type: "warning", diagnostic: { severity: "warning", code: "lint/x", rule: "X", message: "odd" } });
    made.onEvent({ type: "used", step: run, at: START + 10, usage: USAGE });
    made.onEvent({ type: "requested", step: run, at: START + 10, requests: REQUESTS });
    made.onEvent({ type: "completed", step: run, at: START + 10.126 });
    await made.finish({ result: RESULT }, START + 20);
    store.close();
    using history = await openBuildHistory({ root });
    t.deepEqual(
      history.list().map(({ id }) => id),
      [made.id],
    );
    const found = history.get(made.id.slice(0, 3));
    t.like(found, {
      status: "completed",
      duration: 20,
      context: "/context",
      dockerfile: "https://host/Dockerfile",
      target: "out",
      names: ["docker.io/library/app:latest"],
      imageId: RESULT.imageId,
      steps: 2,
      executed: 1,
      cached: 1,
      warnings: 1,
      buildArgs: { A: "1", NPM_TOKEN: "<hidden>", HTTP_PROXY: "<hidden>" },
      result: { imageId: RESULT.imageId, digest: RESULT.descriptor?.digest ?? "", exports: ["image"] },
      warningList: [{ code: "lint/x", message: "odd", rule: "X" }],
    });
    t.deepEqual(found.stepList, [
      {
        number: 1,
        name: "[internal] load build definition from Dockerfile",
        step: LOAD,
        status: "completed",
        startedAt: 0,
        duration: 1,
        logBytes: 0,
      },
      { number: 2, name: "[2/2] COPY a b", step: COPY, status: "cached", startedAt: 2, duration: 0, logBytes: 0 },
      {
        number: 3,
        name: "[1/2] RUN make",
        step: MAKE,
        status: "completed",
        startedAt: 3,
        duration: 7.13,
        logBytes: 7,
        usage: USAGE,
        requests: REQUESTS,
        explanation: WHY,
      },
    ]);
    const chunks: Buffer[] = [];
    for await (const chunk of history.log(made.id, 3) ?? []) chunks.push(chunk as Buffer);
    t.is(Buffer.concat(chunks).toString(), "one\ntwo");
    t.false(JSON.stringify(found).includes("hush"));
    t.is(history.step(found, "1/2").number, 3);
    t.is(history.step(found, "#2").number, 2);
    t.is(history.step(found, "make").number, 3);
  }));

test("failure, cancellation, steps that never ended; a build without a Dockerfile leaves nothing", (t) =>
  withDirectory(async (root) => {
    const store = openStore({ root });
    const end = async (error: unknown, begun = true) => {
      const made = recorder(store);
      made.onEvent({ type: "started", step: load, at: START });
      if (begun) made.onEvent({ type: "completed", step: load, at: START });
      made.onEvent({ type: "started", step: run, at: START });
      made.onEvent(output(run, "x"));
      await made.finish({ error }, START + 9);
    };
    const failure = new TsbuildError("test/b", "It failed", { step: "[1/2] RUN make" });
    await end(failure);
    await end(new CanceledError());
    await end(new Error("internal: a bug"));
    await end(failure, false);
    store.close();
    using history = await openBuildHistory({ root });
    t.deepEqual(
      history.list().map(({ id, status }) => [status, history.get(id).error]),
      [
        ["failed", { code: "internal", message: "internal: a bug" }],
        ["canceled", { code: "build/canceled", message: "The build was canceled" }],
        ["failed", { code: "test/b", message: "It failed", step: "[1/2] RUN make" }],
      ],
    );
    t.like(history.get("^0").stepList[1], { status: "canceled", duration: 9, logBytes: 1 });
    t.like(history.get("^0"), { steps: 1, executed: 0, cached: 0, failed: 0, canceled: 1 });
    t.throws(() => history.get("^3"), { code: "history/not-found" });
    t.throws(() => history.get(""), { code: "history/not-found" });
  }));

test("what ran, failed and was called off is counted; steps that were not looked at know their key and what covers them", (t) =>
  withDirectory(async (root) => {
    const store = openStore({ root });
    const made = newRecorder(store, resolveBuildOptions({ context: "/context" }, {}));
    const names = ["[1/7] FROM a", "[2/7] RUN a", "[3/7] RUN b", "[4/7] RUN c", "[5/7] RUN d", "[6/7] RUN e", "[7/7] RUN f"];
    const ids = names.map((name) => sha256(name));
    const at = (index: number) => ids[index] as (typeof ids)[number];
    const steps = names.map((name, index) => announced(at(index), recordedStep(name), index === 0 ? [] : [at(index - 1)]));
    made.onEvent({ type: "steps", steps });
    made.onEvent({ type: "cached", step: at(0), at: START });
    made.onEvent({ type: "cached", step: at(1), at: START, key: "k1" });
    made.onEvent({ type: "explained", step: at(2), at: START, explanation: { ...WHY, outcome: "cached", reason: "found" } });
    made.onEvent({ type: "cached", step: at(2), at: START });
    made.onEvent({ type: "started", step: at(3), at: START });
    made.onEvent({ type: "completed", step: at(3), at: START });
    for (const index of [4, 5, 6]) made.onEvent({ type: "started", step: at(index), at: START });
    made.onEvent({ type: "failed", step: at(4), at: START, error: { code: "test/b", message: "no" } });
    made.onEvent({ type: "canceled", step: at(5), at: START });
    await made.finish({ error: new TsbuildError("test/b", "no") }, START + 1);
    store.close();
    using history = await openBuildHistory({ root });
    const build = history.get();
    t.like(build, { status: "failed", steps: 6, executed: 1, cached: 2, failed: 1, canceled: 2, failedStep: "[5/7] RUN d" });
    t.like(build.stepList[1], { key: "k1", coveredBy: 3 });
    t.is(build.stepList[2]?.coveredBy, undefined);
    t.like(history.explain(build, build.stepList[1] as (typeof build.stepList)[number]), {
      reason: "covered",
      text: "not needed, the result of [3/7] RUN b covers it",
    });
  }));

test("the library's events explain, its builds are recorded, and records name the build that made them", (t) =>
  withDirectory(async (directory) => {
    const [context, root] = [join(directory, "context"), join(directory, "store")];
    mkdirSync(context);
    writeFileSync(join(context, "a"), "1");
    const explained = async (options: BuildOptions = {}) => {
      const found: StepExplanation[] = [];
      await build({
        context,
        root,
        dockerfile: { text: "FROM scratch\nCOPY a /\n" },
        outputs: [{ type: "cacheonly" }],
        onEvent: (event) => void (event.type === "explained" && found.push(event.explanation)),
        ...options,
      });
      return found;
    };
    t.like((await explained())[0], { outcome: "ran", reason: "new" });
    using history = await openBuildHistory({ root });
    const [first] = history.list();
    t.like((await explained())[0], { outcome: "cached", reason: "found", record: { build: first?.id ?? "" } });
    writeFileSync(join(context, "a"), "22");
    t.like((await explained())[0], { reason: "changed", text: "a changed (content)", record: { build: first?.id ?? "" } });
    t.is(history.list().length, 3);
    const two = { dockerfile: { text: "FROM scratch\nCOPY a /\nCOPY a /b\n" } };
    await explained(two);
    t.deepEqual(
      (await explained(two)).map(({ reason }) => reason),
      ["found"],
      "what was not looked at is not looked up",
    );
    const [covered, found] = await explained({ ...two, explain: true });
    t.like(covered, { outcome: "cached", reason: "covered", record: { build: history.get("^3").id } });
    t.like(found, { reason: "found", record: { build: history.get("^2").id } });
    const later = history.get("^1");
    t.like(
      later.stepList.filter(({ name }) => name.includes("COPY")).map((step) => history.explain(later, step)?.record),
      [{ build: history.get("^3").id }, { build: history.get("^2").id }],
    );
    history.remove(
      history
        .list()
        .slice(0, 3)
        .map(({ id }) => id),
    );
    t.like((await explained({ noCache: "layers", history: false }))[0], { reason: "no-cache", text: "--no-cache was given" });
    t.is(history.list().length, 3);
    t.like((await explained({ history: { builds: 2 } }))[0], { reason: "found" });
    t.is(history.list().length, 2);
    await t.throwsAsync(explained({ noCache: "most" as never }), { code: "options/invalid" });
    await t.throwsAsync(explained({ dockerfile: { text: "FROM scratch\nCOPY missing /\n" } }));
    t.like(history.get(), { status: "failed", error: { code: "copy/source-not-found" }, steps: 1 });
  }));

test("a record of an earlier version, whose steps are names alone, is read, listed and found by place", (t) =>
  withDirectory(async (root) => {
    const store = openStore({ root });
    const step = (number: number, name: string) => ({ number, name, status: "completed", startedAt: 0, duration: 1, logBytes: 0 });
    const names = ["[internal] load build definition from Dockerfile", "[build 1/2] FROM a:1@sha256:1", "[build 2/2] RUN make"];
    const steps = names.map((name, index) => step(index + 1, name));
    const { id, ...summary } = {
      id: "old",
      createdAt: START,
      duration: 1,
      status: "completed",
      context: "/c",
      dockerfile: "Dockerfile",
    } as const;
    const counts = {
      target: undefined,
      names: [],
      imageId: undefined,
      steps: 1,
      executed: 1,
      cached: 0,
      failed: 0,
      canceled: 0,
      warnings: 0,
    };
    const detail = JSON.stringify({ version: 1, platforms: [], buildArgs: {}, noCache: false, steps, warnings: [] });
    store.builds.add({ id, ...summary, ...counts, detail }, store.builds.logs(id));
    store.close();
    using history = await openBuildHistory({ root });
    const found = history.get("old");
    t.deepEqual(
      found.stepList.map(({ step: value }) => value.kind),
      ["internal", "base", "instruction"],
    );
    t.deepEqual(
      found.stepList.map(({ name }) => name),
      names,
    );
    t.is(history.step(found, "build 2/2").number, 3);
    t.is(history.step(found, "1/2").number, 2);
  }));
