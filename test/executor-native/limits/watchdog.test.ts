import test from "ava";
import type { Overrun, StepLimits } from "../../../executor-native/limits/limits.js";
import { type Watch, Watchdog } from "../../../executor-native/limits/watchdog.js";
import { FakeTable } from "./machines.js";

const MIB = 1 << 20;

/** Returns a watchdog over a step: runner 1, its init 2, the command 3. */
function rig(limits: StepLimits, build: StepLimits = {}) {
  const table = new FakeTable();
  const ends: Overrun[] = [];
  const holds = ["memory", "pids", "cpu"] as const;
  const watchdog = new Watchdog({ table, build, holds });
  const watches: Watch[] = [];
  const start = (runner: number): void => {
    table.set(runner, 0, { resident: 900 * MIB, threads: 50 });
    table.set(runner + 1, runner, { resident: 900 * MIB, threads: 50 });
    table.set(runner + 2, runner + 1);
    watches.push(watchdog.watch({ limits, holds, runner, end: (overrun) => ends.push(overrun) }));
  };
  start(1);
  return { table, ends, watchdog, watches, start, close: () => watches.forEach((watch) => watch.close()) };
}

test("a step is ended once over its memory, of which shared pages count in part", (t) => {
  const { table, ends, watchdog, close } = rig({ memory: 100 * MIB });
  table.set(3, 2, { resident: 80 * MIB, pss: 60 * MIB });
  table.set(4, 3, { resident: 80 * MIB, pss: 39 * MIB });
  watchdog.look(0.05);
  t.deepEqual(ends, []);
  table.set(4, 3, { resident: 90 * MIB, pss: 41 * MIB, name: "cc1" });
  watchdog.look(0.05);
  watchdog.look(0.05);
  t.like(ends, [{ kind: "memory", peak: 101 * MIB, limit: 100 * MIB }]);
  t.deepEqual(ends[0]?.largest[0], { name: "cc1", bytes: 90 * MIB });
  t.is(ends.length, 1);
  close();
});

test("a step is ended over its number of tasks; the sandbox's own do not count", (t) => {
  const { table, ends, watchdog, watches, close } = rig({ pids: 3 });
  table.set(4, 3, { threads: 2 });
  watchdog.look(0.05);
  t.deepEqual(ends, []);
  table.set(5, 4);
  watchdog.look(0.05);
  t.like(ends, [{ kind: "pids", peak: 4, limit: 3 }]);
  t.is(watches[0]?.seen.tasks, 4);
  close();
});

test("a quota stops the programs of a step until they may use time again", (t) => {
  const { table, ends, watchdog, close } = rig({ cpuQuota: 50_000, cpuPeriod: 100_000 });
  watchdog.look(0.1);
  table.set(3, 2, { cpu: 0.1 });
  watchdog.look(0.1);
  t.deepEqual(table.signals, []);
  table.set(3, 2, { cpu: 0.25 });
  watchdog.look(0.1);
  t.deepEqual(table.signals.splice(0), ["SIGSTOP 3"]);
  watchdog.look(0.1);
  t.deepEqual(table.signals.splice(0), ["SIGSTOP 3"]);
  watchdog.look(0.1);
  watchdog.look(0.1);
  t.deepEqual(table.signals.splice(0), ["SIGCONT 3"]);
  // The time of a program that has ended is its parent's.
  table.processes.delete(3);
  table.set(2, 1, { cpu: 0.25 });
  watchdog.look(0.1);
  t.deepEqual([table.signals, ends], [[], []]);
  close();
});

test("over the memory of all steps the largest one is ended", (t) => {
  const { table, ends, watchdog, start, close } = rig({}, { memory: 100 * MIB });
  start(11);
  table.set(3, 2, { resident: 40 * MIB });
  table.set(13, 12, { resident: 70 * MIB, name: "big" });
  watchdog.look(0.05);
  t.like(ends, [{ kind: "build-memory", peak: 110 * MIB, limit: 100 * MIB, largest: [{ name: "big", bytes: 70 * MIB }] }]);
  close();
});

test("over the time of all steps all of them are stopped", (t) => {
  const { table, watchdog, start, close } = rig({}, { cpuQuota: 100_000, cpuPeriod: 100_000 });
  start(11);
  watchdog.look(0.1);
  table.set(3, 2, { cpu: 0.2 });
  table.set(13, 12, { cpu: 0.2 });
  watchdog.look(0.1);
  t.deepEqual(table.signals.splice(0), ["SIGSTOP 3", "SIGSTOP 13"]);
  for (let looks = 0; looks < 3; looks++) watchdog.look(0.1);
  t.deepEqual(table.signals.slice(-2), ["SIGCONT 3", "SIGCONT 13"]);
  close();
});

test("a step is ended over its disk, at which it looks less often", (t) => {
  const table = new FakeTable();
  const ends: Overrun[] = [];
  let bytes = 0;
  let looks = 0;
  const watchdog = new Watchdog({ table, build: {}, holds: ["disk"] });
  const written = () => {
    looks++;
    return { bytes, largest: [{ name: "/big", bytes }] };
  };
  const watch = watchdog.watch({ limits: { disk: 10 * MIB }, holds: ["disk"], runner: 1, written, end: (over) => ends.push(over) });
  table.set(1, 0);
  table.set(2, 1);
  watchdog.look(1);
  t.is(looks, 0, "nothing of the step runs yet");
  table.set(3, 2);
  for (let i = 0; i < 20; i++) watchdog.look(0.05);
  t.true(looks > 1 && looks <= 6, String(looks));
  t.deepEqual(ends, []);
  bytes = 11 * MIB;
  watchdog.look(1);
  watchdog.look(1);
  t.deepEqual(ends, [{ kind: "disk", peak: 11 * MIB, limit: 10 * MIB, largest: [{ name: "/big", bytes: 11 * MIB }] }]);
  watch.close();
});
