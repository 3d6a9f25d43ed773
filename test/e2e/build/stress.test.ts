import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { busyboxSuite, gone, withRig } from "../../support/images/busybox-suite.js";
import { parsePlain } from "../../support/images/plain-steps.js";
import { random } from "../../support/samples/random.js";
import type { Ended, Rig } from "../../support/rigs/rig.js";

// Many processes on one store, and processes that are killed at any moment: a hundred in CI, fewer
// elsewhere. TSBUILD_STRESS_KILLS=200 makes it long.

const KILLS = Number(process.env["TSBUILD_STRESS_KILLS"] ?? (process.env["CI"] ? 100 : 24));
const SEED = Number(process.env["TSBUILD_STRESS_SEED"] ?? 1);

const { serial, host } = busyboxSuite();

/**
 * Stages that all variants share, that some share, and one step for each variant. Each RUN leaves a
 * line in a cache mount.
 */
const DOCKERFILE = `ARG REGISTRY
FROM $REGISTRY/busybox AS base
ARG ROUND
RUN --mount=type=cache,id=runs,target=/runs echo run >> /runs/base-$ROUND; mkdir /data; seq 1 20000 > /data/base; sleep 0.1
FROM base AS left
RUN --mount=type=cache,id=runs,target=/runs echo run >> /runs/left-$ROUND; chown app /data; sort /data/base > /data/left
COPY shared/ /shared/
FROM base AS right
RUN --mount=type=cache,id=runs,target=/runs echo run >> /runs/right-$ROUND; rm /data/base; ln -s /bin/sh /data/right
FROM left
COPY --from=right /data/right /right
RUN --mount=type=cache,id=runs,target=/runs echo run >> /runs/join-$ROUND; mv /data/left /moved; rm -rf /shared/a
ARG VARIANT
RUN --mount=type=cache,id=runs,target=/runs echo run >> /runs/own-$VARIANT-$ROUND; echo $VARIANT > /variant
COPY --chown=app variants/$VARIANT /own
`;

const VARIANTS = ["0", "1", "2", "3", "4"];

function context(rig: Rig): string {
  const own = Object.fromEntries(VARIANTS.map((variant) => [`variants/${variant}`, `variant ${variant}\n`]));
  return rig.context("context", { Dockerfile: DOCKERFILE, "shared/a": "a\n", "shared/b/c": "c\n", ...own });
}

/** All that makes two builds of the same give the same image. */
const ENV = { SOURCE_DATE_EPOCH: "1700000000" };

const buildArgs = (directory: string, variant: string, round: string): string[] => [
  "build",
  "--progress=plain",
  ...Object.entries({ REGISTRY: host(), VARIANT: variant, ROUND: round }).map(([name, value]) => `--build-arg=${name}=${value}`),
  directory,
];

/** Image ids as a store that nothing ever happened to gives them. */
class Reference {
  readonly #rig: Rig;
  readonly #directory: string;
  readonly #known = new Map<string, string>();

  constructor(rig: Rig, directory: string) {
    this.#rig = rig;
    this.#directory = directory;
  }

  async imageId(variant: string, round: string): Promise<string> {
    const key = `${variant} ${round}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const ended = await this.#rig.cli(buildArgs(this.#directory, variant, round), {
      env: { ...ENV, TSBUILD_ROOT: this.#rig.path("reference") },
    });
    if (ended.code !== 0) throw new Error(ended.stderr);
    this.#known.set(key, imageId(ended));
    return imageId(ended);
  }
}

const imageId = (ended: Ended): string => ended.stdout.toString("utf8").trim();

/** Runs of each step, by what they left in the cache mount. */
function runs(rig: Rig): Readonly<Record<string, number>> {
  const mounts = join(rig.store, "v1", "mounts");
  const [mount = ""] = readdirSync(mounts);
  return Object.fromEntries(
    readdirSync(join(mounts, mount)).map((name) => [
      name,
      readFileSync(join(mounts, mount, name), "utf8")
        .trim()
        .split("\n").length,
    ]),
  );
}

/**
 * Leftovers of processes on this machine. Files of the command itself in the system's temporary
 * directory do not count.
 */
const leftovers = (rig: Rig): readonly string[] => rig.leftovers().filter((line) => !line.startsWith(`file: ${rig.path("tmp")}`));

serial("twenty processes build overlapping images at once: all right, every step runs once", async (t) => {
  await withRig(async (rig) => {
    const directory = context(rig);
    const jobs = Array.from({ length: 20 }, (_, i) => VARIANTS[i % VARIANTS.length] as string);
    const ended = await Promise.all(jobs.map((variant) => rig.cli(buildArgs(directory, variant, "0"), { env: ENV })));
    for (const one of ended) t.is(one.code, 0, one.stderr);
    const once = Object.fromEntries(
      ["base-0", "join-0", "left-0", ...VARIANTS.map((variant) => `own-${variant}-0`), "right-0"].map((name) => [name, 1]),
    );
    t.deepEqual(runs(rig), once);
    const done = new Map<string, number>();
    for (const step of ended.flatMap((one) => parsePlain(one.stderr))) {
      if (step.status === "DONE" && /^(RUN|COPY)/.test(step.name))
        done.set(`${step.place} ${step.name}`, (done.get(`${step.place} ${step.name}`) ?? 0) + 1);
    }
    t.deepEqual(
      [...done].filter(([, count]) => count !== 1),
      [],
    );
    t.true(
      ended.some((one) => one.stderr.includes("another build")),
      "who waits says for whom",
    );
    const reference = new Reference(rig, directory);
    for (const [i, one] of ended.entries()) t.is(imageId(one), await reference.imageId(jobs[i] as string, "0"));
    const verified = await rig.cli(["du", "--verify"]);
    t.is(verified.code, 0, verified.stdout.toString());
    t.deepEqual(leftovers(rig), []);
  });
});

serial(`${KILLS} kills at any moment, of commands, workers and steps: every other build is right, and nothing is left`, async (t) => {
  await withRig(async (rig) => {
    const directory = context(rig);
    const reference = new Reference(rig, directory);
    const below = random(SEED);
    // Kills tear these as well, and the next round reads the cache again.
    const cache = rig.path("killed-cache");
    const outputs = [
      ["--cache-to", `type=local,mode=max,dest=${cache}`, "--cache-from", `type=local,src=${cache}`],
      ["-o", "type=image", "-o", `type=oci,dest=${rig.path("killed.tar")}`, "-o", `type=local,dest=${rig.path("killed")}`],
    ];
    let kills = 0;
    let completed = 0;
    for (let round = 0; kills < KILLS; round++) {
      const jobs = Array.from({ length: 4 }, () => ({ variant: VARIANTS[below(VARIANTS.length)] as string, round: String(below(3)) }));
      const running = jobs.map(({ variant, round: which }, i) =>
        rig.start([...buildArgs(directory, variant, which), `--iidfile=${rig.path(`killed-${i}`)}.iid`, ...(outputs[i] ?? [])], {
          env: ENV,
        }),
      );
      // Cleaning up goes on beside builds, and is killed too.
      if (round % 2 === 1) running.push(rig.start(["prune", "--force", ...(below(2) === 0 ? ["--all"] : ["--until=0s"])]));
      let killed = 0;
      for (let n = 2 + below(4); n > 0 && kills < KILLS; n--) {
        await new Promise((resolve) => setTimeout(resolve, below(450)));
        const alive = rig.processes();
        const victim = alive[below(Math.max(1, alive.length))];
        if (victim === undefined || !kill(victim)) continue;
        kills++;
        killed++;
      }
      const ended = await Promise.all(running.map((one) => one.ended));
      const failed = ended.filter((one) => one.code !== 0).length;
      t.true(failed <= killed, `${failed} failed and ${killed} were killed:\n${ended.map((one) => one.stderr).join("\n----\n")}`);
      for (const [i, job] of jobs.entries()) {
        const one = ended[i] as Ended;
        t.notRegex(one.stderr, /internal:|\n\s+at /, "what fails says so in order");
        if (one.code !== 0) continue;
        completed++;
        t.is(rig.bytes(`killed-${i}.iid`).toString(), await reference.imageId(job.variant, job.round), `round ${round}\n${one.stderr}`);
      }
      t.deepEqual(await gone(rig, (line) => line.startsWith("file: ")), [], `round ${round}`);
      if (round % 4 === 3) {
        const verified = await rig.cli(["du", "--verify"]);
        t.is(verified.code, 0, `round ${round}: ${verified.stdout.toString()}${verified.stderr}`);
      }
    }
    for (const variant of VARIANTS) {
      const last = await rig.cli(buildArgs(directory, variant, "0"), { env: ENV });
      t.is(last.code, 0, last.stderr);
      t.is(imageId(last), await reference.imageId(variant, "0"));
    }
    // The second one removes what the first, without a worker, could not.
    for (const args of [
      ["prune", "--force"],
      ["du", "--verify"],
    ]) {
      const ended = await rig.cli(args);
      t.is(ended.code, 0, `${ended.stdout.toString()}${ended.stderr}`);
    }
    t.deepEqual(
      leftovers(rig).filter((line) => !line.includes("/.new-")),
      [],
    );
    t.log(`${kills} kills, ${completed} builds completed`);
  });
});

serial("builds, exports, saved images and exported caches beside prune, du and a budget far too small: all right", async (t) => {
  await withRig(async (rig) => {
    const directory = context(rig);
    const reference = new Reference(rig, directory);
    const below = random(SEED);
    const one = async (args: readonly string[]): Promise<Ended> => {
      const ended = await rig.cli(args, { env: { ...ENV, TSBUILD_CACHE_BUDGET: "3m" } });
      t.is(ended.code, 0, `${args.join(" ")}\n${ended.stdout.toString()}${ended.stderr}`);
      t.notRegex(ended.stderr, /internal:|\n\s+at /, args.join(" "));
      return ended;
    };
    const builder = async (number: number): Promise<void> => {
      for (let round = 0; round < 3; round++) {
        const [variant, which] = [VARIANTS[below(VARIANTS.length)] as string, String(below(3))];
        const expected = await reference.imageId(variant, which);
        const name = `app-${number}-${round}`;
        const cache = rig.path(`cache-${below(3)}-${number}`);
        const more = [
          ["-t", name],
          ["-o", `type=oci,dest=${rig.path(`${name}.tar`)}`],
          ["-o", `type=local,dest=${rig.path(name)}`],
          ["-t", name, "--cache-to", `type=local,dest=${cache},mode=max`, "--cache-from", `type=local,src=${cache}`],
        ][(round + number) % 4] as string[];
        const ended = await one([...buildArgs(directory, variant, which), ...more, `--iidfile=${rig.path(name)}.iid`]);
        t.is(rig.bytes(`${name}.iid`).toString(), expected, ended.stderr);
        if (more[0] !== "-t") continue;
        // An image with a name is whole, whatever is removed meanwhile.
        await one(["save", "-o", rig.path(`${name}.saved`), name]);
        t.true(rig.size(rig.path(`${name}.saved`)) > 100_000);
        await one(["rmi", name]);
      }
    };
    const built = new AbortController();
    const pruner = async (): Promise<void> => {
      for (let n = 0; !built.signal.aborted; n++)
        await one((["prune --force --all", "du", "prune --force", "du --verify", "images"][n % 5] as string).split(" "));
    };
    const builders = Promise.all([0, 1, 2, 3].map(builder)).finally(() => built.abort());
    await Promise.all([builders, pruner(), pruner()]);
    await one(["du", "--verify"]);
    t.deepEqual(leftovers(rig), []);
  });
});

function kill(pid: number): boolean {
  try {
    process.kill(pid, "SIGKILL");
    return true;
  } catch {
    return false;
  }
}
