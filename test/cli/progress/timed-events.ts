import { recordedStep } from "../../../core/recorded-step.js";
import { type Digest, sha256 } from "../../../core/digest.js";
import { announced, type BuildEvent } from "../../../core/events.js";

export const START = Date.parse("2026-03-01T12:00:00Z");
const names = [
  "[internal] load build definition from Dockerfile",
  "[build 1/3] FROM docker.io/library/alpine:3.20",
  "[build 2/3] RUN make",
  "[final 1/2] COPY a b",
  "[build 3/3] RUN printf 'no end'",
];
const ids: readonly Digest[] = names.map((name) => sha256(name));
export const [load, from, make, copy, printf] = ids as [Digest, Digest, Digest, Digest, Digest];
export const text = (value: string): Uint8Array => Buffer.from(value, "utf8");

/** Seconds after the start, then the event without its time. */
type Timed = readonly [number, (at: number) => BuildEvent];

export const output =
  (step: Digest, value: string | Uint8Array, stream: "stdout" | "stderr" = "stdout") =>
  (at: number): BuildEvent => ({
    type: "output",
    step,
    at,
    stream,
    data: typeof value === "string" ? text(value) : value,
  });
const mark =
  (type: "started" | "completed" | "cached" | "canceled", step: Digest) =>
  (at: number): BuildEvent => ({ type, step, at });
const part =
  (step: Digest, item: string, current: number, total: number | undefined, done: boolean) =>
  (at: number): BuildEvent => ({
    type: "progress",
    step,
    at,
    item,
    current,
    ...(total === undefined ? {} : { total }),
    done,
  });
export const all: Timed = [
  0,
  () => ({
    type: "steps",
    steps: names.map((name, index) =>
      announced(ids[index] as Digest, recordedStep(name), index > 0 && index < 3 ? [ids[index - 1] as Digest] : []),
    ),
  }),
];

export const CASES: Readonly<Record<string, readonly Timed[]>> = {
  "all-cached": [
    all,
    [0.001, mark("started", load)],
    [0.002, mark("completed", load)],
    [0.003, mark("cached", from)],
    [0.003, mark("cached", make)],
    [0.003, mark("cached", copy)],
  ],
  "output-and-failure": [
    all,
    [0.01, mark("started", make)],
    [0.057, output(make, "one\ntwo\n")],
    [11.5, output(make, "after eleven seconds\n", "stderr")],
    [130, output(make, "après deux minutes\n")],
    [130.2, output(make, Buffer.from([0x62, 0x79, 0x74, 0x65, 0x73, 0x20, 0xff, 0xfe, 0x0a]))],
    [131, mark("started", copy)],
    [
      131.1,
      (at) => ({
        type: "failed",
        step: make,
        at,
        error: { code: "build/step-failed", message: 'process "/bin/sh -c make" did not complete successfully: exit code: 2' },
      }),
    ],
    [131.2, mark("canceled", copy)],
    [131.2, mark("canceled", printf)],
  ],
  "parts-and-warnings": [
    all,
    [0.0, mark("started", load)],
    [
      0.001,
      (at) =>
        ({
          type: "warning",
          step: load,
          at,
          diagnostic: {
            severity: "warning",
            code: "lint/stage-name-casing",
            rule: "StageNameCasing",
            message: "Stage name 'Build' should be lowercase",
            range: { start: 0, end: 4, line: 4, column: 1, endLine: 4, endColumn: 5 },
          },
        }) as BuildEvent,
    ],
    [0.002, part(load, "transferring dockerfile:", 232, undefined, true)],
    [0.1, mark("completed", load)],
    [0.2, mark("started", from)],
    [0.3, part(from, "sha256:1111 layer", 0, 3_620_000, false)],
    [0.5, part(from, "sha256:1111 layer", 20_000, 3_620_000, false)],
    [0.9, part(from, "sha256:1111 layer", 1_500_000, 3_620_000, false)],
    [1.4, part(from, "sha256:1111 layer", 3_620_000, 3_620_000, true)],
    [1.5, mark("completed", from)],
  ],
  explained: [
    all,
    [0.0, mark("cached", from)],
    [
      0.1,
      (at) => ({
        type: "explained",
        step: copy,
        at,
        explanation: {
          outcome: "cached",
          reason: "found",
          text: "found the result of build abcdefghijkl",
          changes: [],
          record: { id: 7, createdAt: START, build: "abcdefghijkl" },
        },
      }),
    ],
    [0.1, mark("cached", copy)],
    [0.2, mark("started", make)],
    [
      0.2,
      (at) => ({
        type: "explained",
        step: make,
        at,
        explanation: {
          outcome: "ran",
          reason: "changed",
          text: "src/été.c changed (content)",
          changes: [{ kind: "file", subject: "src/été.c", text: "src/été.c changed (content)" }],
        },
      }),
    ],
    [0.3, output(make, "made\n")],
    [0.4, mark("completed", make)],
  ],
  resumed: [
    all,
    [0.0, mark("started", from)],
    [0.1, mark("completed", from)],
    [5.0, mark("started", from)],
    [5.1, part(from, "extracting sha256:1111", 0, undefined, false)],
    [5.2, part(from, "waiting for registry.example.com, retry 1 of 4 in 0.5 s", 0, undefined, false)],
    [5.7, part(from, "waiting for registry.example.com, retry 1 of 4 in 0.5 s", 0, undefined, true)],
    [7.0, part(from, "extracting sha256:1111", 0, undefined, true)],
    [7.0, mark("completed", from)],
    [7.1, mark("started", make)],
    [7.2, output(make, "made\n")],
    [7.3, mark("completed", make)],
  ],
  switching: [
    all,
    [0.0, mark("started", make)],
    [0.2, output(make, "make 1\n")],
    [0.4, mark("started", copy)],
    [0.6, output(printf, "before the start\n")],
    [0.7, mark("started", printf)],
    [0.9, output(printf, "a line in ")],
    [1.1, mark("completed", copy)],
    [1.3, output(printf, "two parts\nand no end")],
    [1.5, output(make, "make 2\n")],
    [13.0, output(printf, " after a while")],
    [14.0, output(make, "make 3\n")],
    [15.0, mark("completed", make)],
    [16.0, mark("completed", printf)],
  ],
};
