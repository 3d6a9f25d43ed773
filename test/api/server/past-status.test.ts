import { Readable } from "node:stream";
import test from "ava";
import type { RecordedStep } from "../../../api/record/build-record.js";
import { pastStatus } from "../../../api/server/past-status.js";
import { recordedStep } from "../../../core/recorded-step.js";
import { milliseconds } from "../../../solver/buildkit/messages/common.js";
import { recordedBuild } from "../../support/samples/recorded-build.js";

const START = 1_700_000_000_000;

const step = (number: number, status: RecordedStep["status"], more: Partial<RecordedStep> = {}): RecordedStep => ({
  number,
  name: `[${number}/5] RUN ${status}`,
  step: recordedStep(`[${number}/5] RUN ${status}`),
  status,
  startedAt: 100 * number,
  duration: 50,
  logBytes: 0,
  ...more,
});

const BUILD = recordedBuild("past", START, {
  stepList: [
    step(1, "cached"),
    step(2, "completed", { logBytes: 9 }),
    step(3, "failed", { logBytes: 3, error: { code: "step/failed", message: "it ended with 2" } }),
    step(4, "canceled"),
    step(5, "interrupted"),
  ],
  warningList: [
    { code: "lint/rule", rule: "StageNameCasing", message: "stage", line: 7 },
    { code: "options/idle", message: "idle" },
  ],
});

test("a build of the past reports its steps, warnings and output as it did when it ran", async (t) => {
  const opened: unknown[] = [];
  const log = (id: string, number: number): Readable | undefined => {
    opened.push([id, number]);
    return number === 2 ? Readable.from([Buffer.from("one\n"), Buffer.from("two\n")]) : undefined;
  };
  const reported = [];
  for await (const status of pastStatus(BUILD, log)) reported.push(status);
  const [first = {}, ...rest] = reported;
  const vertexes = first.vertexes ?? [];
  t.deepEqual(
    vertexes.map(({ name, started = {}, completed = {}, cached = false, error }) => [
      name,
      milliseconds(started) - START,
      milliseconds(completed) - START,
      cached,
      error,
    ]),
    [
      ["[1/5] RUN cached", 100, 150, true, undefined],
      ["[2/5] RUN completed", 200, 250, false, undefined],
      ["[3/5] RUN failed", 300, 350, false, "it ended with 2"],
      ["[4/5] RUN canceled", 400, 450, false, "context canceled"],
      ["[5/5] RUN interrupted", 500, 550, false, "context canceled"],
    ],
  );
  t.is(new Set(vertexes.map(({ digest }) => digest)).size, 5);
  const warnings = (first.warnings ?? []).map(({ vertex, short }) => [vertex, Buffer.from(short ?? []).toString()]);
  const [{ digest }, { digest: second }] = vertexes as [(typeof vertexes)[0], (typeof vertexes)[0]];
  t.deepEqual(warnings, [
    [digest, "StageNameCasing: stage (line 7)"],
    [digest, "options/idle: idle"],
  ]);
  const logs = rest.flatMap((status) => status.logs ?? []).map(({ vertex, msg }) => [vertex, Buffer.from(msg ?? []).toString()]);
  t.deepEqual(logs, [
    [second, "one\n"],
    [second, "two\n"],
  ]);
  t.deepEqual(opened, [
    ["past", 2],
    ["past", 3],
  ]);
});
