import test from "ava";
import { Limiter } from "../../../executor-native/limits/limiter.js";
import type { LimitRequest } from "../../../executor-native/limits/limits.js";
import { limitGroupsSuite, REQUEST } from "../../conformance/limit-groups.js";
import { container, delegated, hybrid, refused, rootVersion1, rootVersion2 } from "./machines.js";

const VERSION_1 = {
  "memory.limit_in_bytes": String(64 << 20),
  "pids.max": "23",
  "cpu.cfs_quota_us": "50000",
  "cpu.cfs_period_us": "100000",
  "cpu.shares": "512",
  "cpuset.cpus": "0-1",
  "cpuset.mems": "0",
};
const VERSION_2 = {
  "memory.max": String(64 << 20),
  "memory.swap.max": String(64 << 20),
  "pids.max": "23",
  "cpu.max": "50000 100000",
  "cpu.weight": "20",
  "cpuset.cpus": "0-1",
};
const [KILLED_1, KILLED_2] = [
  ["memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1"],
  ["memory.events", "low 0\noom 1\noom_kill 1"],
] as const;
const ONE = { files: VERSION_1, killed: KILLED_1, peak: "memory.max_usage_in_bytes" } as const;
const TWO = { files: VERSION_2, killed: KILLED_2, peak: "memory.peak" } as const;
const BOTH = {
  ...ONE,
  files: {
    "memory.limit_in_bytes": String(64 << 20),
    "pids.max": "23",
    "cpu.max": "50000 100000",
    "cpuset.cpus": "0-1",
  },
} as const;

for (const [name, make] of [
  ["root, version 1", () => ({ ...rootVersion1(), ...ONE })],
  ["root, version 2", () => ({ ...rootVersion2(), ...TWO })],
  ["root, version 1 and 2 side by side", () => ({ ...hybrid(), ...BOTH })],
  ["a container with a hierarchy of its own", () => ({ ...container(), ...TWO })],
  ["a user with a scope", () => ({ ...delegated(), ...TWO })],
] as const) {
  test(`groups of limits: ${name}`, (t) => limitGroupsSuite(t, make));
}

test("without a group that may be changed a watchdog has all limits", (t) => {
  const { cgroups, machine } = refused();
  const before = cgroups.all();
  const { by } = new Limiter(machine).report(REQUEST);
  t.deepEqual(by, [{ mechanism: "watchdog", controllers: ["memory", "pids", "cpu", "cpuset"] }]);
  t.deepEqual(cgroups.all(), before);
  t.is(new Limiter(machine).open(REQUEST).mostTasks, 1000);
  t.deepEqual(new Limiter(machine).open(REQUEST).processors, [0, 1]);
});

test("processes of others are not moved out of a group", (t) => {
  const { cgroups, machine } = delegated([9, 10, 4242]);
  t.like(new Limiter(machine).report(REQUEST), { by: [{ mechanism: "watchdog" }] });
  t.deepEqual(cgroups.groupsOf(4242), ["/cg/user.slice/my.scope"]);
  const isContainer = container();
  isContainer.cgroups.outside("/cg", [4242]);
  new Limiter(isContainer.machine).report(REQUEST);
  t.deepEqual(isContainer.cgroups.groupsOf(4242), ["/cg/tsbuild-main"]);
});

test("a limit around tsbuild holds for steps, whose groups are below the nearest that can have some", (t) => {
  const one = rootVersion1();
  const first = new Limiter(one.machine);
  first.open(REQUEST).begin(100, { directory: "/changes", hasLayers: false }, () => {});
  t.true(one.cgroups.groupsOf(100).some((directory) => directory.startsWith("/cg/memory/service/tsbuild-")));
  const two = rootVersion2();
  new Limiter(two.machine).open(REQUEST).begin(100, { directory: "/changes", hasLayers: false }, () => {});
  t.regex(two.cgroups.groupsOf(100).join(), /^\/cg\/system\.slice\/tsbuild-[^,]*\/1\/step$/);
});

test("groups of another pid namespace and of a living process stay", (t) => {
  const { cgroups, machine } = rootVersion1();
  for (const name of ["tsbuild-1-77-1-1", "tsbuild-4026531836-10-500-9", "tsbuild-4026531836-78-1-1", "other"])
    cgroups.outside(`/cg/pids/${name}`);
  const request: LimitRequest = { step: { pids: 5 }, build: {}, strict: false };
  new Limiter(machine).report(request);
  t.deepEqual(cgroups.groups("/cg/pids").toSorted(), [
    "other",
    "tsbuild-1-77-1-1",
    "tsbuild-4026531836-10-500-1",
    "tsbuild-4026531836-10-500-9",
  ]);
});
