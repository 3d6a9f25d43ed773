import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { openBuildHistory } from "../../../api/store/build-history.js";
import { openStore } from "../../../cache/open-store.js";
import { recordedStep } from "../../../core/recorded-step.js";

// The spellings of a step, which logs, explain, debug and diff share.

const NAMES = [
  "[internal] load build definition from Dockerfile",
  "[build 1/3] FROM a:1@sha256:1",
  "[build 2/3] RUN make",
  "[build 3/3] COPY --link a /b",
  "[build 3/3] LINK COPY --link a /b",
  "[stage-1 1/2] COPY --from=build /b /",
  "[stage-1 2/2] RUN build-info",
] as const;
const LINES = [undefined, 1, 3, 4, 4, 6, 7];

const CASES: readonly (readonly [text: string, found: number | string])[] = [
  ["3", 3],
  ["#3", 3],
  ["2/3", 3],
  ["build 2/3", 3],
  ["Build 3/3", 5],
  ["build", 5],
  ["stage-1", 7],
  [":3", 3],
  ["Dockerfile:4", 5],
  [":5", "history/step-not-found"],
  ["make", 3],
  ["build-info", 7],
  ["COPY", "history/step-ambiguous"],
  ["nothing", "history/step-not-found"],
];

test("a step is found by its number, place, line, stage, or a part of its name", async (t) => {
  const root = mkdtempSync(join(tmpdir(), "tsbuild-steps-"));
  try {
    const store = openStore({ root });
    const steps = NAMES.map((name, index) => ({
      number: index + 1,
      name,
      step: recordedStep(name),
      ...(LINES[index] === undefined ? {} : { line: LINES[index] }),
      status: "completed",
      startedAt: 0,
      duration: 1,
      logBytes: 0,
    }));
    const counts = { steps: 1, executed: 1, cached: 0, failed: 0, canceled: 0, warnings: 0 };
    const summary = {
      id: "one",
      createdAt: Date.now(),
      duration: 1,
      status: "completed",
      context: "/c",
      dockerfile: "Dockerfile",
    } as const;
    const detail = JSON.stringify({ version: 1, platforms: [], buildArgs: {}, noCache: false, steps, warnings: [] });
    store.builds.add({ ...summary, ...counts, target: undefined, names: [], imageId: undefined, detail }, store.builds.logs("one"));
    store.close();
    using history = await openBuildHistory({ root });
    const build = history.get();
    for (const [text, found] of CASES) {
      if (typeof found === "number") t.is(history.step(build, text).number, found, text);
      else t.throws(() => history.step(build, text), { code: found }, text);
    }
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
