import { Writable } from "node:stream";
import test from "ava";
import { recordedStep } from "../../../core/recorded-step.js";
import fc from "fast-check";
import { PLAIN } from "../../../cli/output/paint.js";
import { frame } from "../../../cli/progress/tty/frame.js";
import { LiveScreen } from "../../../cli/progress/tty/live-screen.js";
import { LogWindow } from "../../../cli/progress/tty/log-window.js";
import { ScreenTrace } from "../../../cli/progress/tty/screen-trace.js";
import { ttyReporter } from "../../../cli/progress/tty/tty.js";
import { sha256 } from "../../../core/digest.js";
import { announced } from "../../../core/events.js";
import { START, make, output, CASES } from "./timed-events.js";

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
