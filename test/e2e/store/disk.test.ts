import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";
import { withoutNamespaces } from "../../support/requires.js";
import { instructionSteps } from "../../support/images/plain-steps.js";
import type { Ended, Rig } from "../../support/rigs/rig.js";

// Disk usage of a store: the output of du, the removals of prune and of builds over their budget,
// and running builds that lose nothing.

const { serial, requiring, host } = busyboxSuite();
/** Declares tests whose steps share a cache mount at once, which is lent to one without mounts. */
const sharing = requiring(withoutNamespaces());

const MB = 2 ** 20;

const build = (...more: string[]) => ["build", "--progress=plain", "--build-arg", `REGISTRY=${host()}`, ...more];

async function run(rig: Rig, args: readonly string[]): Promise<Ended> {
  const ended = await rig.cli(args);
  if (ended.code !== 0) throw new Error(`tsbuild ${args.join(" ")}: ${ended.stderr}`);
  return ended;
}

/**
 * Returns the output of coreutils' du, with the rights of the ids that files may belong to. Without
 * namespaces all files are this user's.
 */
async function realUsage(rig: Rig): Promise<number> {
  const du = ["du", "--summarize", "--block-size=1", rig.store];
  const { stdout } =
    process.getuid?.() === 0 || withoutNamespaces() !== undefined
      ? await rig.spawn("du", du.slice(1)).ended
      : await rig.spawn("unshare", ["--map-root-user", "--map-auto", "--", ...du]).ended;
  return Number.parseInt(stdout.toString("utf8"), 10);
}

async function usage(rig: Rig): Promise<readonly { Type: string; Bytes: number; ID: string; KeptBy: string[]; Description: string }[]> {
  const { stdout } = await run(rig, ["du", "--format=json"]);
  return stdout
    .toString("utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as { Type: string; Bytes: number; ID: string; KeptBy: string[]; Description: string });
}

const total = (items: readonly { readonly Bytes: number }[]): number => items.reduce((sum, { Bytes }) => sum + Bytes, 0);

/** Random bytes, because zeros compress to nothing. */
const fill = (name: string, megabytes: number): string => `head -c ${megabytes * MB} /dev/urandom > ${name}`;

serial("du: the total is what the file system says, also of directories that only mapped ids may enter", (t) =>
  withRig(async (rig) => {
    const dockerfile = `ARG REGISTRY
FROM $REGISTRY/busybox
RUN mkdir /closed && ${fill("/closed/f", 3)} && ln /closed/f /closed/g && chown -R 33:33 /closed && chmod 700 /closed
RUN --mount=type=cache,id=pile,target=/pile,uid=1000,mode=0700 ${fill("/pile/f", 2)}
COPY . /context
`;
    const context = rig.context("context", { Dockerfile: dockerfile, data: "x".repeat(100_000) });
    await run(rig, build("-t", "app", context));
    for (const when of ["at first", "from what is remembered"]) {
      const items = await usage(rig);
      const real = await realUsage(rig);
      t.true(Math.abs(total(items) - real) <= real * 0.02, `${when}: ${total(items)} and ${real}`);
      t.like(
        items.find(({ Type }) => Type === "mount"),
        { Description: "pile", KeptBy: ["steps with this cache mount"] },
      );
      t.truthy(items.find(({ Type, Description }) => Type === "snapshot" && Description.includes("mkdir /closed")));
      t.truthy(items.find(({ KeptBy }) => KeptBy.some((who) => who === "image app:latest")));
    }
    t.deepEqual(rig.leftovers(), []);
  }),
);

serial("prune: what an image is made of stays cached; --all leaves the image; a dry run changes nothing", (t) =>
  withRig(async (rig) => {
    const dockerfile = `ARG REGISTRY
FROM $REGISTRY/busybox AS base
RUN --mount=type=cache,id=m,target=/m ${fill("/big", 2)}; chown -R 33 /m; chmod 700 /m
FROM base AS other
RUN ${fill("/other", 4)}
FROM base
RUN echo done > /done
`;
    const context = rig.context("context", { Dockerfile: dockerfile });
    await run(rig, build("-t", "app", context));
    await run(rig, build("--target", "other", "-o", "type=cacheonly", context));
    const before = await usage(rig);
    const dry = await run(rig, ["prune", "--dry-run", "--all"]);
    t.regex(dry.stdout.toString("utf8"), /\[base 2\/2\] RUN [\s\S]*Would reclaim: /);
    // The index's log may grow with what is looked up.
    const things = (items: typeof before) => items.filter(({ Type }) => Type !== "records").map(({ ID }) => ID);
    t.deepEqual(things(await usage(rig)), things(before));

    await run(rig, ["prune", "--force"]);
    const again = await run(rig, build("-t", "app", context));
    t.deepEqual(instructionSteps(again.stderr).DONE, []);
    const other = await run(rig, build("--target", "other", "-o", "type=cacheonly", context));
    t.is(instructionSteps(other.stderr).DONE.length, 1, "what no image is made of ran again");

    await run(rig, ["prune", "--force", "--all"]);
    t.deepEqual(
      (await usage(rig)).filter(({ Type }) => ["snapshot", "mount"].includes(Type)),
      [],
    );
    t.deepEqual(readdirSync(join(rig.store, "v1", "snapshots")), []);
    t.deepEqual(readdirSync(join(rig.store, "v1", "mounts")), []);
    await run(rig, ["save", "-o", rig.path("app.tar"), "app"]);
    await run(rig, ["du", "--verify"]);
  }),
);

serial("a budget holds: what was used least goes, named images and the last build stay", (t) =>
  withRig(async (rig) => {
    const dockerfile = `ARG REGISTRY
FROM $REGISTRY/busybox
ARG N
RUN ${fill("/f", 3)}; echo $N
`;
    const context = rig.context("context", { Dockerfile: dockerfile });
    const numbered = (n: number, ...more: string[]) => build("--cache-budget=32m", "--build-arg", `N=${n}`, ...more, context);
    await run(rig, numbered(0, "-t", "named"));
    for (let n = 1; n <= 8; n++) {
      await run(rig, numbered(n, "-o", "type=cacheonly"));
      const real = await realUsage(rig);
      t.true(real <= 32 * MB, `after build ${n} the store takes ${real} bytes`);
    }
    const last = await run(rig, numbered(8, "-o", "type=cacheonly"));
    t.deepEqual(instructionSteps(last.stderr).DONE, []);
    await run(rig, ["save", "-o", rig.path("named.tar"), "named"]);
    const first = await run(rig, numbered(1, "-o", "type=cacheonly"));
    t.is(instructionSteps(first.stderr).DONE.length, 1);
    // More than the budget in images: the next builds do not look again and again.
    await run(rig, ["du", "--verify"]);
    t.deepEqual(rig.leftovers(), []);
  }),
);

serial("a budget holds for builds that fail, and for several at once", (t) =>
  withRig(async (rig) => {
    const dockerfile = `ARG REGISTRY
FROM $REGISTRY/busybox
ARG N
RUN ${fill("/f", 6)}; echo $N > /n
ARG FAIL=false
RUN $FAIL || cat /n > /end; ! $FAIL
`;
    const context = rig.context("context", { Dockerfile: dockerfile });
    const args = (n: number, ...more: string[]) => build("--cache-budget=32m", `--build-arg=N=${n}`, ...more, context);
    for (let n = 1; n <= 6; n++) {
      t.is((await rig.cli(args(n, "--build-arg=FAIL=true"))).code, 1);
      const real = await realUsage(rig);
      t.true(real <= 32 * MB, `after failure ${n} the store takes ${real} bytes`);
    }
    const tar = (n: number) => rig.path(`${n}.tar`);
    const numbers = Array.from({ length: 8 }, (_, index) => 10 + index);
    await Promise.all(numbers.map((n) => run(rig, args(n, "-o", `type=tar,dest=${tar(n)}`))));
    for (const n of numbers) t.is(await rig.tarFile(tar(n), "end"), `${n}\n`);
    // A build may have collected while others still held what they had made.
    await run(rig, args(10, "-o", "type=cacheonly"));
    const real = await realUsage(rig);
    t.true(real <= 32 * MB, `in the end the store takes ${real} bytes`);
    await run(rig, ["du", "--verify"]);
    t.deepEqual(rig.leftovers(), []);
  }),
);

sharing("what a running build uses stays, whatever is pruned meanwhile", (t) =>
  withRig(async (rig) => {
    const dockerfile = `ARG REGISTRY
FROM $REGISTRY/busybox AS base
RUN --mount=type=cache,id=m,target=/m echo base > /base; echo kept > /m/kept
FROM base AS slow
RUN --mount=type=cache,id=m,target=/m echo now waiting; until [ -e /m/go ]; do sleep 0.02; done; cat /m/kept > /slow
FROM base
COPY --from=slow /slow /slow
RUN cat /base /slow > /end
`;
    const context = rig.context("context", { Dockerfile: dockerfile });
    await run(rig, build("--target", "base", "-o", "type=cacheonly", context));
    const running = rig.start(build("-o", `type=tar,dest=${rig.path("image.tar")}`, context));
    await running.shows(/now waiting$/m);
    for (let i = 0; i < 3; i++) await run(rig, ["prune", "--force", "--all"]);
    const [mount = ""] = readdirSync(join(rig.store, "v1", "mounts"));
    await run(rig, build("--target", "slow", "-o", "type=cacheonly", "-f", goFile(rig), context));
    t.truthy(statSync(join(rig.store, "v1", "mounts", mount, "go")));
    const ended = await running.ended;
    t.is(ended.code, 0, ended.stderr);
    t.is(await rig.tarFile(rig.path("image.tar"), "end"), "base\nkept\n");
    await run(rig, ["du", "--verify"]);
  }),
);

/** Makes a build that puts a file into the cache mount, for the step that waits for it. */
function goFile(rig: Rig): string {
  return join(
    rig.context("go", {
      Dockerfile: "ARG REGISTRY\nFROM $REGISTRY/busybox AS slow\nRUN --mount=type=cache,id=m,target=/m touch /m/go\n",
    }),
    "Dockerfile",
  );
}

serial("a build waits for a step that another runs, says so, and takes it over when the other is killed", (t) =>
  withRig(async (rig) => {
    const dockerfile = `ARG REGISTRY
FROM $REGISTRY/busybox
RUN --mount=type=cache,id=m,target=/m echo run >> /m/runs; echo now waiting; [ "$(wc -l < /m/runs)" -gt 1 ] || sleep 300
`;
    const context = rig.context("context", { Dockerfile: dockerfile });
    const first = rig.start(build("-o", "type=cacheonly", context));
    await first.shows(/now waiting$/m);
    const second = rig.start(build("-o", "type=cacheonly", context));
    await second.shows(/another build that runs this step/);
    first.process.kill("SIGKILL");
    await first.ended;
    const ended = await second.ended;
    t.is(ended.code, 0, ended.stderr);
    t.is(instructionSteps(ended.stderr).DONE.length, 1);
    await run(rig, ["du", "--verify"]);
  }),
);

serial("an uncompressed form goes when the compressed one is there", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", { Dockerfile: "FROM scratch\nCOPY data /\n", data: "y".repeat(3 * MB) });
    await run(rig, build("-o", `type=tar,dest=${rig.path("image.tar")}`, context));
    const large = async () => (await usage(rig)).filter(({ Type, Bytes }) => Type !== "records" && Bytes > 2 * MB).length;
    t.is(await large(), 1);
    await run(rig, build("-o", `type=oci,dest=${rig.path("image.oci")}`, context));
    t.is(await large(), 0);
    await run(rig, ["du", "--verify"]);
  }),
);
