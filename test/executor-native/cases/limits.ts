import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { LimitRequest, LimitsReport, StepLimits } from "../../../executor-native/limits/limits.js";
import { LIMITS_TASK, watchedIn } from "../../../executor-native/limits/prepare-limits.js";
import type { SandboxRig } from "../../support/rigs/sandbox-rig.js";
import { type Case, ok } from "./case.js";

const only = (step: StepLimits, build: StepLimits = {}): LimitRequest => ({ step, build, strict: false });
const MIB = 1 << 20;

/** Returns true where a watchdog holds limits: it ends a step that the kernel would only refuse. */
async function isWatched(rig: SandboxRig, request: LimitRequest): Promise<boolean> {
  return watchedIn(await rig.worker.task<LimitsReport>(LIMITS_TASK, [request])).length > 0;
}

/** Returns the groups of version 1 that processes of this program have made. */
function groups(): readonly string[] {
  const root = "/sys/fs/cgroup";
  const [, own = ""] = /:pids:(.*)/.exec(readFileSync("/proc/self/cgroup", "utf8")) ?? [];
  const directory = join(root, "pids", own);
  return existsSync(directory) ? readdirSync(directory).filter((name) => name.startsWith("tsbuild-")) : [];
}

/** Writes 4 MiB a hundred times, for two seconds at least. */
const WRITE = "n=0; while [ $n -lt 100 ]; do n=$((n+1)); head -c 4194304 /dev/zero >/f$n; usleep 20000; done; echo all";

/** Limits of a step: how much it may take, and what it took. */
export const limits: readonly Case[] = [
  {
    name: "what a step used is reported",
    run: async (rig) => {
      const { exit, report } = await rig.run(
        "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; dd if=/dev/zero of=/big bs=1M count=3 2>/dev/null",
      );
      assert.deepEqual(exit, ok);
      const { usage, overrun } = report;
      assert.equal(overrun, undefined);
      assert.ok(usage && usage.userTime + usage.systemTime > 0 && usage.peakMemory > 0, JSON.stringify(usage));
      assert.equal(usage.peakOf, "process");
      assert.equal(usage.peakTasks, undefined);
    },
  },
  {
    name: "a step over its disk is ended while it writes",
    run: async (rig) => {
      const { exit, out, report } = await rig.run(WRITE, { limits: only({ disk: 16 * MIB }) });
      assert.deepEqual([exit, out], [{ signal: "SIGKILL" }, ""]);
      const { kind, peak = 0, limit, largest } = report.overrun ?? {};
      assert.deepEqual([kind, limit, peak > 16 * MIB], ["disk", 16 * MIB, true]);
      assert.match(largest?.[0]?.name ?? "", /^\/f\d+$/);
    },
  },
  {
    name: "a step that ends over its disk has no result, whatever was seen meanwhile",
    run: async (rig) => {
      const { exit, report } = await rig.run("head -c 20971520 /dev/zero >/big", { limits: only({ disk: 16 * MIB }) });
      assert.deepEqual([exit, report.overrun?.kind, report.overrun?.largest[0]?.name], [{ signal: "SIGKILL" }, "disk", "/big"]);
    },
  },
  {
    name: "files of layers, and those that are removed, do not count as a step's disk",
    run: async (rig) => {
      const write = "head -c 524288 /dev/zero >/f; rm /f; n=0; while [ $n -lt 30 ]; do n=$((n+1)); usleep 20000; done";
      const first = await rig.run("head -c 8388608 /dev/zero >/below", { limits: only({ disk: 16 * MIB }) });
      assert.deepEqual([first.exit, first.report.overrun], [ok, undefined]);
      const { exit, report, err } = await rig.run(write, {
        lowers: [rig.rootfs, first.upper],
        limits: only({ disk: MIB }),
      });
      assert.deepEqual([exit, report.overrun], [ok, undefined], err);
    },
  },
  {
    name: "a step over its memory is ended, and others are not",
    run: async (rig) => {
      const request = only({ memory: 32 * MIB });
      const hog = rig.run("tail /dev/zero", { limits: request });
      const other = rig.run("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; echo fine", { limits: request });
      const { exit, report } = await hog;
      assert.deepEqual(exit, { signal: "SIGKILL" });
      assert.equal(report.overrun?.kind, "memory");
      assert.equal(report.overrun.limit, 32 * MIB);
      assert.ok((report.usage?.peakMemory ?? 0) > 28 * MIB, JSON.stringify(report));
      assert.deepEqual([(await other).out, (await other).report.overrun], ["fine\n", undefined]);
    },
  },
  {
    name: "a step with too many tasks is refused more of them, or is ended",
    run: async (rig) => {
      const request = only({ pids: 20 });
      // Note that it is no endless bomb, because a watchdog on a busy machine may look late.
      const { exit, report } = await rig.run("i=0; while [ $i -lt 60 ]; do sleep 3 & i=$((i+1)); done; wait", { limits: request });
      assert.equal(report.overrun?.kind, "pids");
      assert.equal(report.overrun.limit, 20);
      if (await isWatched(rig, request)) assert.deepEqual(exit, { signal: "SIGKILL" });
    },
  },
  {
    name: "all steps together have a limit",
    run: async (rig) => {
      const { report } = await rig.run("tail /dev/zero", { limits: only({}, { memory: 48 * MIB }) });
      assert.equal(report.overrun?.kind, "build-memory");
      assert.equal(report.overrun.limit, 48 * MIB);
    },
  },
  {
    name: "a step is kept to its processors",
    run: async (rig) => {
      const { out } = await rig.run("grep Cpus_allowed_list /proc/self/status", { limits: only({ cpusetCpus: "0" }) });
      assert.match(out, /:\s+0\n$/);
    },
  },
  {
    name: "core files are off unless a step asks for them",
    run: async (rig) => {
      assert.equal((await rig.run("ulimit -c")).out, "0\n");
    },
  },
  {
    name: "no group of a step that has ended is left",
    run: async (rig) => {
      const before = groups().length;
      for (let run = 0; run < 3; run++) assert.deepEqual((await rig.run("true", { limits: only({ pids: 50 }) })).exit, ok);
      assert.ok(groups().length <= before + 1, groups().join(" "));
    },
  },
];
