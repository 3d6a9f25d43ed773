import { Writable } from "node:stream";
import test from "ava";
import { recordedStep } from "../../core/recorded-step.js";
import fc from "fast-check";
import type { CliEnvironment } from "../../cli/environment.js";
import { paintFor, PLAIN } from "../../cli/output/paint.js";
import { plainReporter } from "../../cli/progress/plain.js";
import { frame } from "../../cli/progress/tty/frame.js";
import { LiveScreen } from "../../cli/progress/tty/live-screen.js";
import { LogWindow } from "../../cli/progress/tty/log-window.js";
import { ScreenTrace } from "../../cli/progress/tty/screen-trace.js";
import { ttyReporter } from "../../cli/progress/tty/tty.js";
import { rawJsonReporter, rfc3339 } from "../../cli/progress/rawjson.js";
import { type Digest, sha256 } from "../../core/digest.js";
import { announced, type BuildEvent } from "../../core/events.js";
import { golden } from "../support/golden.js";

const START = Date.parse("2026-03-01T12:00:00Z");
const names = [
  "[internal] load build definition from Dockerfile",
  "[build 1/3] FROM docker.io/library/alpine:3.20",
  "[build 2/3] RUN make",
  "[final 1/2] COPY a b",
  "[build 3/3] RUN printf 'no end'",
];
const ids: readonly Digest[] = names.map((name) => sha256(name));
const [load, from, make, copy, printf] = ids as [Digest, Digest, Digest, Digest, Digest];
const text = (value: string): Uint8Array => Buffer.from(value, "utf8");

/** Seconds after the start, then the event without its time. */
type Timed = readonly [number, (at: number) => BuildEvent];

const output =
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
const all: Timed = [
  0,
  () => ({
    type: "steps",
    steps: names.map((name, index) =>
      announced(ids[index] as Digest, recordedStep(name), index > 0 && index < 3 ? [ids[index - 1] as Digest] : []),
    ),
  }),
];

const CASES: Readonly<Record<string, readonly Timed[]>> = {
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

for (const [name, events] of Object.entries(CASES)) {
  test(`plain: ${name}`, (t) => {
    const chunks: Buffer[] = [];
    let now = START;
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    const reporter = plainReporter({ stream, paint: PLAIN, now: () => now });
    for (const [seconds, make_] of events) {
      now = START + seconds * 1000;
      reporter.onEvent(make_(now));
    }
    reporter.finish();
    reporter.finish();
    golden(t, `cli/progress/${name}.plain.txt`, Buffer.concat(chunks).toString("latin1"));
  });

  test(`rawjson: ${name}`, (t) => {
    const chunks: Buffer[] = [];
    const stream = new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk);
        done();
      },
    });
    const reporter = rawJsonReporter({ stream, paint: PLAIN });
    for (const [seconds, make_] of events) reporter.onEvent(make_(START + seconds * 1000));
    reporter.finish();
    golden(t, `cli/progress/${name}.rawjson.txt`, Buffer.concat(chunks).toString("utf8"));
  });
}

/** Seconds after the start at which a screen is looked at, beside the end. */
const LOOKS: Readonly<Record<string, readonly number[]>> = {
  "output-and-failure": [0.1, 130.5, 131.05],
  "parts-and-warnings": [0.05, 1],
  switching: [0.8, 14.5],
};

for (const [name, events] of Object.entries(CASES)) {
  test(`tty: ${name}`, (t) => {
    const trace = new ScreenTrace(3);
    const shown: string[] = [];
    const look = (seconds: number, finished: boolean) => {
      const options = { columns: 60, rows: finished ? undefined : 9, now: START + seconds * 1000, finished, paint: PLAIN };
      shown.push(
        `--- ${seconds} s\n${frame(trace, options)
          .map((line) => `${line.text}\n`)
          .join("")}`,
      );
    };
    const looks = [...(LOOKS[name] ?? [])];
    for (const [seconds, make_] of events) {
      while (looks[0] !== undefined && looks[0] < seconds) look(looks.shift() as number, false);
      trace.apply(make_(START + seconds * 1000));
    }
    look(events.at(-1)?.[0] ?? 0, true);
    golden(t, `cli/progress/${name}.tty.txt`, shown.join(""));
  });
}

test("tty: more steps at once than the screen has lines", (t) => {
  const trace = new ScreenTrace(6);
  const many = Array.from({ length: 30 }, (_, index) => announced(sha256(`many ${index}`), recordedStep(`RUN step ${index}`)));
  trace.apply({ type: "steps", steps: many });
  many.forEach(({ id }, index) => {
    trace.apply({ type: "started", step: id, at: START + index });
    trace.apply(output(id, `output of ${index}\n`)(START + index));
    if (index < 10) trace.apply({ type: "completed", step: id, at: START + 100 });
  });
  const lines = frame(trace, { columns: 40, rows: 12, now: START + 200, finished: false, paint: PLAIN }).map(({ text: line }) => line);
  t.is(lines.length, 12);
  t.is(lines[0], "[+] Building 0.2s (10/30)");
  t.regex(lines.at(-1) ?? "", /RUN step 29/);
  t.false(
    lines.some((line) => line.includes("output")),
    "each step's own line first",
  );
});

test("tty: what is wide, long or moves the cursor takes its columns and no more", (t) => {
  const trace = new ScreenTrace(6);
  trace.apply({ type: "steps", steps: [announced(make, recordedStep("RUN 漢字漢字漢字漢字\u0007 \x1b[31mred\x1b[0m"))] });
  trace.apply({ type: "started", step: make, at: START });
  for (const one of ["10%\r20%\r", "30%\n\x1b[2Jcleared\ttab\n", "caf\xc3", "\xa9 no end"]) {
    trace.apply(output(make, Buffer.from(one, "latin1"))(START));
  }
  const lines = frame(trace, { columns: 30, rows: 10, now: START, finished: false, paint: PLAIN });
  t.deepEqual(
    lines.map(({ text: line }) => line),
    ["[+] Building 0.0s (0/1)", " => RUN 漢字漢字漢字漢…  0.0s", " => => # 30%", " => => # cleared    tab", " => => # café no end"],
  );
  t.true(lines.every(({ width }) => width < 30));
});

/**
 * Screen of a terminal of so many columns after `text`: line ends, wrapped lines and the sequences
 * that {@link LiveScreen} writes.
 */
class Terminal {
  rows: string[] = [""];
  row = 0;
  column = 0;
  columns: number;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: terminals speak in them
    for (const [token] of text.matchAll(/\x1b\[(\d*)([A-Z])|[^]/g)) {
      const sequence = /^\x1b\[(\d*)([A-Z])$/.exec(token);
      if (sequence?.[2] === "A") this.row = Math.max(0, this.row - Number(sequence[1] || 1));
      else if (sequence?.[2] === "K") this.rows[this.row] = "";
      else if (sequence?.[2] === "J") {
        this.rows = this.rows.slice(0, this.row + 1);
        this.rows[this.row] = (this.rows[this.row] ?? "").slice(0, this.column);
      } else if (token === "\n") this.#down();
      else if (token === "\r") this.column = 0;
      else this.#put(token);
    }
  }

  /** Becomes narrower or wider: what does not fit is wrapped, as terminals do. */
  resize(columns: number): void {
    const above = this.rows.slice(0, this.row).flatMap((line) => wrapped(line, columns));
    this.rows = [...above, ""];
    this.row = above.length;
    this.columns = columns;
  }

  #down(): void {
    this.row++;
    this.column = 0;
    this.rows[this.row] ??= "";
  }

  #put(character: string): void {
    if (this.column >= this.columns) this.#down();
    const line = (this.rows[this.row] ?? "").padEnd(this.column);
    this.rows[this.row] = line.slice(0, this.column) + character + line.slice(this.column + 1);
    this.column++;
  }
}

function wrapped(line: string, columns: number): string[] {
  const parts = line.match(new RegExp(`.{1,${columns}}`, "g"));
  return parts ?? [""];
}

test("tty: of output without line ends no more is kept than a screen shows", (t) => {
  const log = new LogWindow(2);
  const write = (text: string) => log.write(Buffer.from(text));
  write("first\n");
  for (let i = 0; i < 100; i++) write("0123456789".repeat(100));
  t.deepEqual(log.lines(), ["first", "0123456789".repeat(410).slice(0, 4096)]);
  write("\r");
  write("50 %");
  t.deepEqual(log.lines(), ["first", "50 %"], "a carriage return is still seen");
  write(`${"x".repeat(10_000)}\r`);
  write("100 %\n");
  t.deepEqual(log.lines(), ["first", "100 %"]);
});

test("tty: whatever the frames and the widths, the screen shows the last one, below what stood there before", (t) => {
  const line = fc
    .integer({ min: 0, max: 19 })
    .chain((width) => fc.constantFrom("a", "b").map((letter) => ({ text: letter.repeat(width), width })));
  const step = fc.record({ lines: fc.array(line, { maxLength: 6 }), columns: fc.integer({ min: 20, max: 40 }) });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), (steps) => {
      const terminal = new Terminal(40);
      terminal.write("before\n");
      const screen = new LiveScreen((text_) => terminal.write(text_));
      for (const { lines, columns } of steps) {
        terminal.resize(columns);
        screen.draw(lines, columns);
      }
      t.deepEqual(terminal.rows, ["before", ...(steps.at(-1)?.lines ?? []).map(({ text: one }) => one), ""]);
    }),
  );
});

test("tty: a build that ends at once is shown once", (t) => {
  const chunks: string[] = [];
  const stream = Object.assign(
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        chunks.push(chunk.toString());
        done();
      },
    }),
    { columns: 40, rows: 10 },
  );
  const reporter = ttyReporter({ stream, paint: PLAIN, now: () => START + 50 });
  for (const [seconds, make_] of CASES["all-cached"] ?? []) reporter.onEvent(make_(START + seconds * 1000));
  t.deepEqual(chunks, []);
  reporter.finish();
  reporter.finish();
  t.is(chunks.length, 1);
  t.regex(chunks.join(""), /^\x1b\[J\x1b\[2K\[\+\] Building 0\.0s \(4\/5\) FINISHED\n/);
});

test("times have nine digits of fraction at most, as Go writes them", (t) => {
  t.is(rfc3339(START), "2026-03-01T12:00:00Z");
  t.is(rfc3339(START + 0.5), "2026-03-01T12:00:00.0005Z");
  t.is(rfc3339(START + 1234.25), "2026-03-01T12:00:01.23425Z");
});

/** Value of BUILDKIT_COLORS, text of a completed step, of a canceled one, of an error. */
const COLORS: readonly (readonly [value: string | undefined, done: string, canceled: string, error: string])[] = [
  [undefined, "\u001b[36mx\u001b[39m", "\u001b[1m\u001b[33mx\u001b[39m\u001b[22m", "\u001b[1m\u001b[31mx\u001b[39m\u001b[22m"],
  [
    "run=green:cancel=light-blue:error=255,0,7",
    "\u001b[32mx\u001b[39m",
    "\u001b[94mx\u001b[39m",
    "\u001b[1m\u001b[38;2;255;0;7mx\u001b[39m\u001b[22m",
  ],
  [
    "run=nocolour:error=256,0,0:other=red:=",
    "\u001b[36mx\u001b[39m",
    "\u001b[1m\u001b[33mx\u001b[39m\u001b[22m",
    "\u001b[1m\u001b[31mx\u001b[39m\u001b[22m",
  ],
];

for (const [value, done, canceled, error] of COLORS) {
  test(`BUILDKIT_COLORS=${value ?? ""}`, (t) => {
    const paint = paintFor({ stderr: { isTTY: true }, env: { BUILDKIT_COLORS: value } } as unknown as CliEnvironment);
    t.deepEqual([paint.done("x"), paint.canceled("x"), paint.severity("error", "x")], [done, canceled, error]);
    const refused = paintFor({ stderr: { isTTY: true }, env: { BUILDKIT_COLORS: value, NO_COLOR: "1" } } as unknown as CliEnvironment);
    t.is(refused.done("x"), "x");
  });
}
