import test from "ava";
import type { LimitRequest, LimitsReport } from "../../../executor-native/limits/limits.js";
import { hierarchies } from "../../../executor-native/limits/hierarchies.js";
import { limitsText, prepareLimits } from "../../../executor-native/limits/prepare-limits.js";
import { startUserScope } from "../../../executor-native/limits/user-scope.js";

const WATCHED: LimitsReport = { by: [{ mechanism: "watchdog", controllers: ["memory"] }], worker: 10 };
const HELD: LimitsReport = { by: [{ mechanism: "cgroup v2", controllers: ["memory"] }], worker: 10 };
const request = (strict: boolean): LimitRequest => ({ step: { memory: 1 }, build: {}, strict });

/** Returns a worker that answers with one report after the other. */
function worker(...reports: readonly LimitsReport[]) {
  const left = [...reports];
  return { task: <R>() => Promise.resolve((left.length > 1 ? left.shift() : left[0]) as R) };
}

test("the machine is looked at again in a scope of its own, and `strict` takes no watchdog", async (t) => {
  const asked: number[] = [];
  const scope = (works: boolean) => (pid: number) => {
    asked.push(pid);
    return Promise.resolve(works);
  };
  t.is(await prepareLimits(worker(WATCHED, HELD), request(true), scope(true)), HELD);
  t.is(await prepareLimits(worker(HELD), request(true), scope(true)), HELD);
  t.is(await prepareLimits(worker(WATCHED), request(false), scope(false)), WATCHED);
  await t.throwsAsync(prepareLimits(worker(WATCHED), request(true), scope(false)), { code: "exec/limits" });
  const disk: LimitsReport = { by: [{ mechanism: "watchdog", controllers: ["disk"] }], worker: 10 };
  t.is(await prepareLimits(worker(disk), request(false), scope(true)), disk, "no group would hold it");
  await t.throwsAsync(prepareLimits(worker(disk), request(true), scope(true)), { code: "exec/limits", message: /limit of disk/ });
  t.deepEqual(asked, [10, 10, 10]);
  t.is(limitsText(HELD), "cgroup v2 (memory)");
  t.is(limitsText(WATCHED), "a watchdog: sampled, not exact (memory)");
});

test("systemd's manager of the user is asked for a scope", async (t) => {
  const calls: (readonly string[])[] = [];
  let looks = 0;
  const machine = {
    uid: 1000,
    env: { XDG_RUNTIME_DIR: "/run/user/1000" },
    exists: (path: string) => path === "/run/user/1000/systemd/private",
    groupsOf: () => (++looks < 3 ? "0::/user.slice/session-1.scope" : "0::/user.slice/user@1000.service/app.slice/tsbuild-10.scope"),
    wait: () => Promise.resolve(),
    run: (program: string, args: readonly string[]) => Promise.resolve(void calls.push([program, ...args])),
  };
  t.true(await startUserScope(10, machine));
  t.is(looks, 3);
  t.regex(calls.join(" "), /^busctl,--user,.*StartTransientUnit,.*tsbuild-10\.scope,fail,3,PIDs,au,1,10,Delegate,b,true,/);
  t.false(await startUserScope(10, { ...machine, uid: 0 }));
  t.false(await startUserScope(10, { ...machine, exists: () => false }));
  t.false(await startUserScope(10, { ...machine, run: () => Promise.reject(new Error("no bus")) }));
  t.false(await startUserScope(10, { ...machine, groupsOf: () => "0::/elsewhere" }));
});

const HIERARCHIES: readonly (readonly [name: string, info: string, cgroup: string, own: readonly string[]])[] = [
  ["version 2", "30 20 0:1 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw", "0::/a.slice/b.scope", ["2 /sys/fs/cgroup/a.slice/b.scope"]],
  ["a namespace of groups", "30 20 0:1 /../.. /c rw - cgroup2 cgroup2 rw", "0::/", ["2 /c"]],
  ["outside of the namespace", "30 20 0:1 / /c rw - cgroup2 cgroup2 rw", "0::/../x", ["2 /c"]],
  ["version 1 in a container", "30 20 0:1 /docker/1 /c/memory rw - cgroup cgroup rw,memory", "4:memory:/docker/1/a", ["1 /c/memory/a"]],
  ["a name without controllers", "30 20 0:1 / /c/systemd rw - cgroup cgroup rw,name=systemd", "1:name=systemd:/", []],
  [
    "mounted twice",
    "30 20 0:1 / /c/pids rw shared:9 - cgroup cgroup rw,pids\n31 20 0:1 / /d/pids rw - cgroup cgroup rw,pids",
    "1:pids:/",
    ["1 /c/pids"],
  ],
];

for (const [name, info, cgroup, own] of HIERARCHIES) {
  test(`hierarchies: ${name}`, (t) => {
    t.deepEqual(
      hierarchies(info, cgroup).map(({ version, own: directory }) => `${version} ${directory}`),
      own,
    );
  });
}
