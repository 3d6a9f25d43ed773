// Runs ava, and ends it when it makes no progress: tests that hang fail by name. Takes ava's own
// arguments. Note that a test has no time limit, because a busy machine reaches any. A run hangs
// when for some minutes no test ends and all of its processes together do next to nothing, or when
// no test ends while they compute for very long.
import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import TapReporter from "../node_modules/ava/lib/reporters/tap.js";
import loadCli from "../node_modules/ava/lib/cli.js";

/**
 * Test files at once: more than there are cores, because many tests wait for disks, servers and
 * processes.
 */
const FILES_AT_ONCE = availableParallelism() + 2;
/** Milliseconds between two samples. */
const PAUSE = 15_000;
/** Samples without activity until a run counts as hanging: five minutes. */
const IDLE_LOOKS = 20;
/** Seconds of CPU time in one sample that count as no activity: 1 %. */
const IDLE_SECONDS = 0.15;
/** Seconds of CPU time without the end of any test until a run counts as an endless loop. */
const ENDLESS_SECONDS = 1800;
/** Ticks in a second of CPU time in Linux's /proc. */
const TICKS = 100;

/** Events of ava that show that a test has ended. */
const ENDS = new Set(["test-passed", "test-failed", "hook-failed", "worker-finished", "worker-failed", "selected-test"]);

const watched = { idleLooks: 0, seconds: cpuSeconds(), secondsAtEnd: cpuSeconds(), hung: undefined };

const consume = TapReporter.prototype.consumeStateChange;
TapReporter.prototype.consumeStateChange = function consumeStateChange(event) {
  if (ENDS.has(event.type)) Object.assign(watched, { idleLooks: 0, secondsAtEnd: watched.seconds });
  if (event.type === "interrupt" && watched.hung) failPending(this, event.pendingTests, watched.hung);
  return consume.call(this, event);
};

/** Reports every test of the files that did not end. */
function failPending(reporter, pendingTests, reason) {
  const error = { type: "native", name: "Error", stack: reason, formattedDetails: [], originalError: new Error(reason) };
  for (const [testFile, titles] of pendingTests) {
    for (const title of titles) reporter.writeTest({ testFile, title, err: error }, { passed: false, todo: false, skip: false });
  }
}

setInterval(() => {
  const seconds = cpuSeconds();
  watched.idleLooks = seconds - watched.seconds < IDLE_SECONDS ? watched.idleLooks + 1 : 0;
  watched.seconds = seconds;
  if (watched.hung) return;
  if (watched.idleLooks >= IDLE_LOOKS) hang(`no test ended for ${(IDLE_LOOKS * PAUSE) / 60_000} minutes, and no process did anything`);
  else if (seconds - watched.secondsAtEnd > ENDLESS_SECONDS) hang(`no test ended during ${ENDLESS_SECONDS} seconds of computing`);
}, PAUSE).unref();

/** Ends the run as ctrl-c does; at once when called again, in case that hangs as well. */
function hang(reason) {
  watched.hung = `This test, or one of its file, hangs: ${reason}`;
  process.emit("SIGINT");
  setTimeout(() => process.exit(1), 2 * PAUSE).unref();
}

/** Returns the CPU seconds of this process and its descendants, ended ones included. */
function cpuSeconds() {
  const processes = new Map(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => readStat(pid)),
  );
  const isOurs = (pid) => pid === process.pid || (processes.has(pid) && isOurs(processes.get(pid).parent));
  let ticks = 0;
  for (const [pid, stat] of processes) if (isOurs(pid)) ticks += stat.ticks;
  return ticks / TICKS;
}

function readStat(pid) {
  try {
    // The name, in parentheses, may hold anything; fields are counted after it.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return [[Number(pid), { parent: Number(fields[1]), ticks: fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0) }]];
  } catch {
    return [];
  }
}

if (!process.argv.some((arg) => /^(-c|--concurrency|-s|--serial)\b/.test(arg))) process.argv.push(`--concurrency=${FILES_AT_ONCE}`);
await loadCli();
