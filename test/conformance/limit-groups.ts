import type { ExecutionContext } from "ava";
import { Limiter, type LimitsMachine } from "../../executor-native/limits/limiter.js";
import type { LimitRequest } from "../../executor-native/limits/limits.js";
import type { FakeCgroups } from "../executor-native/limits/fake-cgroups.js";

/** A machine for the suite. The worker has the pid 10, the main process 9. */
export interface LimitGroupsRig {
  readonly cgroups: FakeCgroups;
  readonly machine: LimitsMachine;
  /** Names of the files that hold each limit below, and their texts. */
  readonly files: Readonly<Record<string, string>>;
  /** File by which the kernel says that it killed, and its text. */
  readonly killed: readonly [name: string, text: string];
  /** File of the most memory. */
  readonly peak: string;
}

export const REQUEST: LimitRequest = {
  step: { memory: 64 << 20, pids: 20, cpuQuota: 50_000, cpuPeriod: 100_000, cpuShares: 512, cpusetCpus: "0-1" },
  build: { memory: 128 << 20 },
  strict: true,
};

/** Pid of the process that runs the step. */
const RUNNER = 100;
const PLACE = { directory: "/changes", hasLayers: false };

/** Asserts what every mechanism that makes groups promises. */
export function limitGroupsSuite(t: ExecutionContext, make: () => LimitGroupsRig): void {
  const { cgroups, machine, files, killed, peak } = make();
  const before = cgroups.all();
  const limiter = new Limiter(machine);
  t.true(limiter.report(REQUEST).by.every(({ mechanism }) => mechanism !== "watchdog"));

  const step = limiter.open(REQUEST);
  step.begin(RUNNER, PLACE, () => t.fail());
  const within = cgroups.groupsOf(RUNNER);
  t.true(within.length > 0 && within.every((directory) => directory.includes("tsbuild-")), within.join(" "));
  const texts = new Map(
    cgroups.all().flatMap((directory) => Object.keys(files).map((name) => [`${directory}/${name}`, directory] as const)),
  );
  for (const [name, text] of Object.entries(files)) {
    const holding = [...texts].filter(([path]) => path.endsWith(`/${name}`) && cgroups.read(path) === text);
    t.true(
      holding.some(([, directory]) => within.some((group) => `${group}/`.startsWith(`${directory}/`))),
      `${name} is ${text} for the step`,
    );
  }
  t.deepEqual(step.result(), {});
  for (const directory of cgroups.all()) {
    if (!within.some((group) => `${group}/`.startsWith(`${directory}/`)) || !/\/\d+$/.test(directory)) continue;
    if (cgroups.read(`${directory}/${peak}`) === undefined) continue;
    cgroups.set(`${directory}/${peak}`, String(63 << 20));
    cgroups.set(`${directory}/${killed[0]}`, killed[1]);
  }
  t.like(step.result(), { memory: 63 << 20, overrun: { kind: "memory", limit: 64 << 20 } });

  // Two steps at once have groups of their own.
  const other = limiter.open(REQUEST);
  other.begin(RUNNER + 1, PLACE, () => t.fail());
  t.notDeepEqual(cgroups.groupsOf(RUNNER + 1), within);
  cgroups.end(RUNNER);
  step.close();
  t.deepEqual(
    within.filter((directory) => cgroups.all().includes(directory)),
    [],
  );
  cgroups.end(RUNNER + 1);
  other.close();
  limiter.close();
  t.deepEqual(
    cgroups.all().filter((directory) => !before.includes(directory) && !directory.endsWith("/tsbuild-main")),
    [],
  );

  // A value that the kernel refuses is an error that leaves nothing.
  const again = new Limiter(machine);
  t.throws(() => again.open({ ...REQUEST, step: { cpusetCpus: "9" } }), { code: "exec/limit-refused" });
  again.close();
  t.false(cgroups.all().some((directory) => /tsbuild-\d/.test(directory)));

  // The next process removes groups of one that was killed.
  new Limiter({ ...machine, owner: { ...machine.owner, pid: 77, start: "1" } }).open(REQUEST);
  t.true(cgroups.all().some((directory) => directory.includes("-77-1-")));
  const next = new Limiter(machine);
  next.report(REQUEST);
  t.false(cgroups.all().some((directory) => directory.includes("-77-1-")));
  next.close();
}
