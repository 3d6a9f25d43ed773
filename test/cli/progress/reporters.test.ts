import { Writable } from "node:stream";
import test from "ava";
import type { CliEnvironment } from "../../../cli/environment.js";
import { paintFor, PLAIN } from "../../../cli/output/paint.js";
import { plainReporter } from "../../../cli/progress/plain.js";
import { frame } from "../../../cli/progress/tty/frame.js";
import { ScreenTrace } from "../../../cli/progress/tty/screen-trace.js";
import { rawJsonReporter, rfc3339 } from "../../../cli/progress/rawjson.js";
import { golden } from "../../support/golden.js";
import { START, CASES } from "./timed-events.js";

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
