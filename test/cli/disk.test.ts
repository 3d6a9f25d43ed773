import test from "ava";
import type { DiskItem, PruneCandidate, PrunedItem } from "../../api/options/disk-types.js";
import { CanceledError, DiagnosticsError, TsbuildError } from "../../core/errors.js";
import { parseAge, parseDiskFilters } from "../../cli/syntax/disk-filter.js";
import { NOW, runRig } from "../support/rigs/cli-rig.js";
import { RESULT, storedImage } from "../support/rigs/fake-library.js";
import { golden } from "../support/golden.js";

const HOUR = 3_600_000;

const item = (id: string, given: Partial<DiskItem>): DiskItem => ({
  type: "layer",
  id,
  bytes: 4096,
  description: "",
  lastUsedAt: NOW - HOUR,
  keptBy: [],
  shared: false,
  running: false,
  reclaimable: false,
  ...given,
});

const LAYER = `sha256:${"ab".repeat(32)}`;

const ITEMS: readonly DiskItem[] = [
  item("l1a", { type: "snapshot", bytes: 48_000_000, description: "[build 2/4] RUN make", keptBy: ["3 cached steps"], reclaimable: true }),
  item(LAYER, { bytes: 12_000_000, description: "[build 2/4] RUN make", keptBy: ["image app:latest", "3 cached steps"], shared: true }),
  item("5d572ae5df131205", {
    type: "mount",
    bytes: 3_000_000,
    description: "npm",
    lastUsedAt: NOW - 72 * HOUR,
    keptBy: ["steps with this cache mount"],
    reclaimable: true,
  }),
  item("l1b", { type: "snapshot", description: "[4/4] RUN test", keptBy: ["1 cached step", "a running build"], running: true }),
  item("/store/v1/index.db", { type: "records", description: "tsbuild's own", lastUsedAt: undefined }),
];

const REMOVED: readonly PrunedItem[] = [
  { type: "step", id: "7", description: "[build 2/4] RUN make", bytes: 0, lastUsedAt: NOW - 72 * HOUR, why: "space" },
  { type: "snapshot", id: "l1a", description: "[build 2/4] RUN make", bytes: 48_000_000, lastUsedAt: undefined, why: "unreferenced" },
  { type: "mount", id: "5d572ae5df131205", description: "npm", bytes: 3_000_000, lastUsedAt: NOW - 72 * HOUR, why: "unused" },
];

for (const [name, line] of [
  ["table", "du"],
  ["json", "du --format json"],
  ["template", "du --format {{.ID}}={{.Bytes}}"],
  ["verbose", "du --verbose --filter type=mount"],
  ["filtered", "buildx du --filter description~=make --filter shared"],
  ["pruned", "prune --force"],
  ["dry-run", "builder prune --all --dry-run"],
  ["not-confirmed", "prune"],
  ["bad-filter", "du --filter colour=red"],
  ["system-df", "system df"],
  ["system-df-json", "system df --format json"],
  ["system-df-parts", "system df -v --format {{.ID}}"],
  ["system-prune", "system prune -f"],
  ["system-prune-all", "system prune -af --volumes --filter until=24h"],
  ["bad-age", "prune --until soon"],
] as const) {
  test(`disk: ${line}`, async (t) => {
    const run = await runRig(line.split(" "), { disk: { items: ITEMS, removed: REMOVED } });
    golden(t, `cli/disk/${name}.txt`, `$ tsbuild ${line}\n${run.stdout}${run.stderr}exit code ${run.code}\n`);
  });
}

const IMAGES = [
  storedImage("app"),
  storedImage("old", { names: [], created: "2026-02-01T09:00:00Z" }),
  storedImage("new", { names: [], created: "2026-03-01T11:59:00Z" }),
];

for (const [name, line] of [
  ["images", "image prune -f"],
  ["images-all", "image prune --all --force"],
  ["images-until", "image prune -f --filter until=24h"],
  ["images-date", "image prune -f -a --filter until=1772352000"],
  ["images-dangling", "image prune -f --filter dangling=false --filter label=team=blue"],
  ["images-label", "image prune -f --filter label!=team"],
  ["images-bad-filter", "image prune -f --filter reference=app"],
  ["images-not-confirmed", "image prune"],
] as const) {
  test(`disk: ${line}`, async (t) => {
    const run = await runRig(line.split(" "), { images: IMAGES });
    golden(t, `cli/disk/${name}.txt`, `$ tsbuild ${line}\n${run.stdout}${run.stderr}exit code ${run.code}\n`);
    t.deepEqual(run.prunes, [], "the cache is none of its business");
  });
}

test("disk: --verify prints every problem and fails when there is one", async (t) => {
  t.like(await runRig(["du", "--verify"]), { code: 0, stdout: "", stderr: "The store is consistent\n" });
  const problems = ["blob a has other bytes", "snapshots/l1 belongs to nothing"];
  t.like(await runRig(["du", "--verify"], { disk: { problems } }), { code: 1, stdout: `${problems.join("\n")}\n` });
});

test("disk: prune asks on a terminal", async (t) => {
  const answers = await Promise.all(["y\n", "YES\n", "n\n", "\n", ""].map((stdin) => runRig(["prune"], { tty: true, stdin })));
  t.deepEqual(
    answers.map(({ prunes, code }) => [prunes.length, code]),
    [
      [1, 0],
      [1, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ],
  );
});

test("disk: prune's flags", async (t) => {
  const line = "prune -f -a --until 24h --keep-storage 10g --max-used-space 20% --min-free-space 1GB";
  const { prunes } = await runRig(line.split(" "));
  t.deepEqual(prunes, [{ all: true, dryRun: false, unusedFor: 24 * HOUR, keepStorage: "10g", maxUsedSpace: "20%", minFreeSpace: "1GB" }]);
});

test("disk: a build that finds the store over its budget has it collected, after it printed its result", async (t) => {
  t.is((await runRig(["."])).collected, 0);
  t.like(await runRig(["."], { build: () => Promise.resolve({ ...RESULT, collectionDue: true }) }), { collected: 1, code: 0 });
});

test("disk: after a build that failed, too; but not when no step can have run, or nobody waits", async (t) => {
  const failing = async (error: Error) => (await runRig(["."], { build: () => Promise.reject(error) })).collected;
  t.is(await failing(new TsbuildError("test/failed", "it failed")), 1);
  t.is(await failing(new DiagnosticsError([{ severity: "error", code: "dockerfile/empty", message: "it is empty" }])), 0);
  t.is(await failing(new CanceledError()), 0);
});

test("disk: filters", (t) => {
  const step: PruneCandidate = { type: "step", id: "12345", description: "[2/4] RUN make", lastUsedAt: NOW - HOUR, shared: true };
  const cases: readonly (readonly [string, boolean])[] = [
    ["id=12345", true],
    ["id=1234", true],
    ["id=123", false],
    ["id!=12345", false],
    ["id~=^12", true],
    ["type=step", true],
    ["type=regular", true],
    ["type=exec.cachemount", false],
    ["type!=mount", true],
    ["description=make", false],
    ["description~=RUN (make|cc)", true],
    ["shared", true],
    ["shared=false", false],
    ["shared!=true", false],
    ["private", false],
    ["inuse=false", true],
    ["until=30m", true],
    ["until=1h30m", false],
    ["until=2026-03-01T11:30:00Z", true],
  ];
  for (const [filter, expected] of cases) t.is(parseDiskFilters([filter], NOW)(step), expected, filter);
  t.true(parseDiskFilters([], NOW)(step));
  for (const bad of ["", "id", "shared=maybe", "until~=1h", "description~=(", "colour=red"]) {
    t.throws(() => parseDiskFilters([bad], NOW)(step), { code: "cli/filter" }, bad);
  }
  t.is(parseAge("7d", NOW), 7 * 24 * HOUR);
});
