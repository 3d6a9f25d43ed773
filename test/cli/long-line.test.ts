import { Writable } from "node:stream";
import test from "ava";
import type { BuildEvent, StepId } from "../../core/events.js";
import { plainReporter } from "../../cli/progress/plain.js";
import { PlainTrace } from "../../cli/progress/plain-trace.js";

const STEP = "step" as StepId;
const PIECES = 1000;
const PIECE = "x".repeat(1000);

function beginning(at: number): readonly BuildEvent[] {
  return [
    { type: "steps", at, steps: [{ id: STEP, name: "RUN yes" }] },
    { type: "started", at, step: STEP },
  ] as unknown as readonly BuildEvent[];
}

const output = (at: number, text: string): BuildEvent =>
  ({ type: "output", at, step: STEP, stream: "stdout", data: Buffer.from(text) }) as unknown as BuildEvent;

test("one long line of output goes through plain progress whole, and little of it is kept", (t) => {
  let now = 0;
  let shown = "";
  const stream = new Writable({
    write(chunk, _encoding, done) {
      shown += String(chunk);
      done();
    },
  });
  const reporter = plainReporter({ stream, now: () => now } as unknown as Parameters<typeof plainReporter>[0]);
  for (const event of beginning(now)) reporter.onEvent(event);
  for (let i = 0; i < PIECES; i++) {
    now += 200;
    reporter.onEvent(output(now, PIECE));
  }
  reporter.onEvent(output(now, "\nnext\n"));
  reporter.finish();
  t.regex(shown, /^#1 \d+\.\d+ x{1000000}\n#1 \S+ next$/m);
});

test("what a display keeps of a line without end has a limit", (t) => {
  let now = 0;
  const trace = new PlainTrace(() => now);
  const kept: number[] = [];
  const stream = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reporter = plainReporter({ stream, now: () => now, trace } as unknown as Parameters<typeof plainReporter>[0]);
  for (const event of beginning(now)) reporter.onEvent(event);
  for (let i = 0; i < PIECES; i++) {
    now += 200;
    reporter.onEvent(output(now, PIECE));
    const step = trace.steps.get(STEP);
    kept.push((step?.lines.join("").length ?? 0) + (step?.tail.join("").length ?? 0));
  }
  t.true(Math.max(...kept) < 20_000, String(Math.max(...kept)));
  t.true(kept.length === PIECES && Math.min(...kept) > 0);
});
