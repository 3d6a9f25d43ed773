import test from "ava";
import { breakpointsAt } from "../../../cli/dap/breakpoints.js";
import { Stepper } from "../../../cli/dap/stepper.js";
import type { SteppedStep } from "../../../api/stepping/planned-steps.js";

/** Steps of two stages: lines 1, 3 and 4, then 6 and 8 to 9. */
const STEPS: readonly SteppedStep[] = (
  [
    ["a", 1, 1],
    ["a", 3, 3],
    ["a", 4, 4],
    ["b", 6, 6],
    ["b", 8, 9],
  ] as const
).map(([stage, line, endLine]) => ({ name: `[${stage}] ${line}`, text: String(line), stage, line, endLine }));

/** Returns a build whose steps end at once. The step of a line fails. */
function build(failing?: number) {
  const fake = {
    steps: STEPS,
    next: 0,
    run: () => {
      if (STEPS[fake.next]?.line === failing) return Promise.reject(new Error("failed"));
      fake.next++;
      return Promise.resolve();
    },
    back: () => {
      if (fake.next === 0) return false;
      fake.next--;
      return true;
    },
  };
  return fake;
}

type Move = "continue" | "next" | "out" | "back" | "reverse";

interface Case {
  readonly lines?: readonly number[];
  readonly entry?: boolean;
  readonly failing?: number;
  readonly moves: readonly Move[];
  /** Reason and line of each stop; `end` when the build ended. */
  readonly stops: readonly string[];
}

const CASES: Readonly<Record<string, Case>> = {
  "nothing stops it": { moves: [], stops: ["end"] },
  "at the entry, then step by step to behind the last one": {
    entry: true,
    moves: ["next", "next", "next", "next", "next", "next"],
    stops: ["entry 1", "step 3", "step 4", "step 6", "step 8", "step -", "end"],
  },
  "on lines; one without a step stands for the next": {
    lines: [2, 9],
    moves: ["continue", "continue"],
    stops: ["breakpoint 3", "breakpoint 8", "end"],
  },
  "on the first line": { lines: [1], moves: ["continue"], stops: ["breakpoint 1", "end"] },
  "out of a stage": { lines: [3], moves: ["out", "out"], stops: ["breakpoint 3", "step 6", "step -"] },
  "a breakpoint comes before the end of the stage": { entry: true, lines: [4], moves: ["out"], stops: ["entry 1", "breakpoint 4"] },
  "a failure stops it, and then it ends": { failing: 4, moves: ["next"], stops: ["exception 4", "end"] },
  "back behind a failure": { failing: 4, moves: ["back", "next", "continue"], stops: ["exception 4", "step 3", "step 4", "exception 4"] },
  "back to breakpoints and to the entry": {
    lines: [3, 8],
    moves: ["continue", "reverse", "reverse"],
    stops: ["breakpoint 3", "breakpoint 8", "breakpoint 3", "entry 1"],
  },
};

for (const [name, { lines = [], entry = false, failing, moves, stops }] of Object.entries(CASES)) {
  test(`a build stops: ${name}`, async (t) => {
    const fake = build(failing);
    const seen: string[] = [];
    const place = () => String(STEPS[fake.next]?.line ?? "-");
    const stepper = new Stepper({ build: fake, onStop: (reason) => void seen.push(`${reason} ${place()}`), onMove: () => undefined });
    stepper.breakpoints = breakpointsAt(lines, STEPS);
    void stepper.ended.then(() => seen.push("end"));
    const quiet = () => new Promise((resolve) => setImmediate(resolve));
    stepper.begin(entry);
    await quiet();
    for (const move of moves) {
      if (move === "back") stepper.back("next");
      else if (move === "reverse") stepper.back("continue");
      else await stepper.go(move);
      await quiet();
    }
    t.deepEqual(seen, stops);
  });
}

test("a pause stops behind the step that runs, and an end stops nowhere", async (t) => {
  const fake = build();
  const seen: string[] = [];
  const stepper: Stepper = new Stepper({ build: fake, onStop: (reason) => void seen.push(reason), onMove: () => stepper.pause() });
  await stepper.go("continue");
  t.deepEqual([seen, fake.next], [["pause"], 1]);
  stepper.end();
  await stepper.go("continue");
  await stepper.ended;
  t.deepEqual([seen, fake.next, stepper.complete], [["pause"], 1, false]);
});

test("lines behind the last step have no breakpoint", (t) => {
  t.deepEqual(breakpointsAt([10], STEPS), [{ line: 10, step: undefined }]);
});
