import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Writable } from "node:stream";
import test from "ava";
import type { SolverTraceRecord } from "../../api/options/options.js";
import type { CliEnvironment } from "../../cli/environment.js";
import { solverTrace, traceText } from "../../cli/output/solver-trace.js";
import { temporaryRoot } from "../cache/support.js";

const RECORDS: readonly SolverTraceRecord[] = [
  { time: 1.5, event: "lookup", step: "RUN a\u001b[31m", by: "input", key: "k" as never, outcome: "expired" },
  { time: 2, event: "probe", needed: 2, found: 1, skipped: 0, withoutKey: 1 },
  { time: 1234.5, event: "move", step: "RUN a", from: "queued", to: "running", why: "runs now" },
  { time: 1235, event: "extend" },
  { time: 1236, event: "abandon", step: "RUN b" },
];

function environment(env: Readonly<Record<string, string>>) {
  const texts: string[] = [];
  const stderr = new Writable({ write: (chunk: Buffer, _encoding, done) => done((texts.push(chunk.toString()), undefined)) });
  return { texts, environment: { env, stderr, cwd: process.cwd() } as unknown as CliEnvironment };
}

test("trace: a record is a line of text that a terminal can be shown", (t) => {
  t.deepEqual(RECORDS.map(traceText), [
    "solver 0.002s RUN a\\x1b[31m: the cache has only a result that is too old for its input key k",
    "solver 0.002s the graph from its targets backwards: 2 needed (1 without a key yet), 1 found, 0 skipped",
    "solver 1.234s RUN a: queued -> running: runs now",
    "solver 1.235s the store does not have all targets: asks the imported caches",
    "solver 1.236s RUN b: is not needed any more",
  ]);
});

test("trace: TSBUILD_DEBUG=solver:json prints a line of JSON for each record on the standard error", (t) => {
  const { texts, environment: rig } = environment({ TSBUILD_DEBUG: "1,solver:json" });
  const trace = solverTrace(rig);
  for (const record of RECORDS) trace?.onTrace(record);
  t.deepEqual(
    texts.map((text) => JSON.parse(text) as unknown),
    RECORDS,
  );
  t.true(trace?.onStderr);
});

test("trace: TSBUILD_DEBUG_FILE names a file that lines are added to", (t) => {
  const file = join(temporaryRoot(t.teardown), "trace");
  for (const record of RECORDS.slice(0, 2)) {
    const { texts, environment: rig } = environment({ TSBUILD_DEBUG: "solver", TSBUILD_DEBUG_FILE: file });
    const trace = solverTrace(rig);
    trace?.onTrace(record);
    trace?.close();
    t.deepEqual([texts, trace?.onStderr], [[], false]);
  }
  t.deepEqual(readFileSync(file, "utf8").trimEnd().split("\n"), RECORDS.slice(0, 2).map(traceText));
});

test("trace: nothing asks for one but the word solver; other forms and places are refused", (t) => {
  for (const value of ["1", "solvers", "json", ""]) t.is(solverTrace(environment({ TSBUILD_DEBUG: value }).environment), undefined, value);
  t.throws(() => solverTrace(environment({ TSBUILD_DEBUG: "solver:xml" }).environment), { message: /takes solver or solver:json/ });
  const nowhere = { TSBUILD_DEBUG: "solver", TSBUILD_DEBUG_FILE: "/nowhere/at/all" };
  t.throws(() => solverTrace(environment(nowhere).environment), { message: /Cannot write the trace to \/nowhere\/at\/all/ });
});
