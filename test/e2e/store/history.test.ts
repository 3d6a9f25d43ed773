import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inflateRawSync } from "node:zlib";
import { storePaths } from "../../../cache/paths.js";
import { openSqlite } from "../../../cache/database/sqlite.js";
import { busyboxSuite, gone, withRig } from "../../support/images/busybox-suite.js";
import { instructionSteps, ISOLATION, parsePlain } from "../../support/images/plain-steps.js";
import type { Rig } from "../../support/rigs/rig.js";

// Why steps ran, what builds leave behind, and how comments and flags set what may be cached.

const { serial, host } = busyboxSuite();

const build = (...more: string[]) => ["build", "--progress=plain", "--build-arg", `REGISTRY=${host()}`, "-o", "type=cacheonly", ...more];

/** Returns the standard output of a command that must succeed. */
async function output(rig: Rig, ...args: string[]): Promise<string> {
  const ended = await rig.cli(args);
  if (ended.code !== 0) throw new Error(`tsbuild ${args.join(" ")} ended with ${ended.code}:\n${ended.stderr}`);
  return ended.stdout.toString("utf8");
}

serial("why steps ran is said beside them, and afterwards", (t) =>
  withRig(async (rig) => {
    const dockerfile = "ARG REGISTRY\nFROM $REGISTRY/busybox\nARG OPT=1\nENV VERSION=1\nCOPY src/ /src/\nRUN cat /src/*\nRUN echo end\n";
    const context = rig.context("context", { Dockerfile: dockerfile, "src/main.c": "1", "src/other.c": "2" });
    const explained = async (...more: string[]) => {
      const ended = await rig.cli(build("--explain", ...more, context));
      t.is(ended.code, 0, ended.stderr);
      const names = new Map(parsePlain(ended.stderr).map(({ name }, index) => [String(index + 1), name]));
      return [...ended.stderr.matchAll(/^#(\d+) (ran because .*|cached: .*)$/gm)].map(
        ([, number = "", text = ""]) => `${names.get(number)}: ${text.replace(/[a-z2-7]{12}, made .* UTC$/, "ID")}`,
      );
    };
    const fresh = "ran because it is new: no earlier build had this step";
    t.deepEqual(await explained(), [`COPY src/ /src/: ${fresh}`, `RUN cat /src/*: ${fresh}`, `RUN echo end: ${fresh}`]);
    t.deepEqual(await explained(), [
      "COPY src/ /src/: cached: the result of build ID",
      "RUN cat /src/*: cached: the result of build ID",
      "RUN echo end: cached: found the result of build ID",
    ]);
    writeFileSync(join(context, "src/main.c"), "changed");
    t.deepEqual(await explained(), [
      "COPY src/ /src/: ran because src/main.c changed (content)",
      "RUN cat /src/*: ran because the step before it ([2/4] COPY src/ /src/) gave another result",
      "RUN echo end: ran because the step before it ([3/4] RUN cat /src/*) gave another result",
    ]);
    const afterwards = await output(rig, "explain");
    t.true(afterwards.includes("ran because src/main.c changed (content)"), afterwards);
    const json = JSON.parse(await output(rig, "explain", "^0", "2/4", "--format", "json")) as { steps: { explanation: object }[] };
    t.like(json.steps[0]?.explanation, { reason: "changed", changes: [{ kind: "file", subject: "src/main.c" }] });
    t.deepEqual((await explained("--build-arg", "OPT=2"))[1], 'RUN cat /src/*: ran because ARG OPT went from "1" to "2"');
    writeFileSync(join(context, "Dockerfile"), dockerfile.replace("VERSION=1", "VERSION=2").replace("echo end", "echo done"));
    t.deepEqual((await explained("--build-arg", "OPT=2")).slice(1), [
      'RUN cat /src/*: ran because ENV VERSION went from "1" to "2"',
      'RUN echo done: ran because the command went from "echo end" to "echo done"; ENV VERSION went from "1" to "2"; the step before it ([3/4] RUN cat /src/*) gave another result',
    ]);
    t.deepEqual((await explained("--no-cache"))[0], "COPY src/ /src/: ran because --no-cache was given");
  }),
);

serial("a build leaves a record with all that its steps printed; failed and canceled ones too", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", {
      Dockerfile: "ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN seq 1 400000\nRUN echo wrong >&2; exit 3\n",
    });
    const failed = await rig.cli(build("--progress=quiet", "--build-arg", "API_TOKEN=hush", "-t", "app", context));
    t.is(failed.code, 1);
    const expected = Array.from({ length: 400_000 }, (_, i) => `${i + 1}\n`).join("");
    // The first step says which isolation it has, where that is not the usual one.
    const printed = async (step: string) => (await output(rig, "logs", "^0", step)).replace(ISOLATION, "");
    t.is(await printed("seq"), expected);
    t.is(await output(rig, "logs", "^0", "3/3"), "wrong\n");
    const record = JSON.parse(await output(rig, "builds", "inspect")) as Record<string, unknown>;
    t.like(record, {
      status: "failed",
      context,
      names: ["docker.io/library/app:latest"],
      executed: 1,
      error: { code: "build/step-failed" },
    });
    t.like(record["buildArgs"], { API_TOKEN: "<hidden>", REGISTRY: host() });
    t.false(JSON.stringify(record).includes("hush"));
    const running = rig.start(build("--no-cache", "--build-arg", "X=1", context, "-f", "-"), {
      input: Buffer.from("ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN echo ready; sleep 1000\n"),
    });
    await running.shows(/\d ready/);
    running.interrupt();
    t.is((await running.ended).code, 130);
    t.regex(await output(rig, "builds"), /canceled.*\n.*failed/);
    t.is(await printed("RUN"), "ready\n");
    const [newest = "", oldest = ""] = (await output(rig, "builds", "-q")).split("\n");
    t.is(await output(rig, "builds", "-q", "--filter", "status=failed"), `${oldest}\n`);
    t.is(await output(rig, "builds", "rm", oldest.slice(0, 6)), `${oldest}\n`);
    t.is(await output(rig, "builds", "-q"), `${newest}\n`);
    t.deepEqual(rig.leftovers(), []);
  }),
);

serial("a build ended by kill -9 is shown as interrupted, with what its steps had printed", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", {
      Dockerfile: "ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN echo first\nRUN echo ready; sleep 1000\nRUN echo never\n",
    });
    const running = rig.start(build(context));
    await running.shows(/\d ready/);
    t.is(await output(rig, "builds", "-q"), "", "it is not of the past yet");
    running.process.kill("SIGKILL");
    await running.ended;
    t.regex(await output(rig, "builds"), / interrupted .* 1 +0 +0 +\//);
    t.regex(await output(rig, "logs"), /first\n#\d+ used .*\n#\d+ DONE[\s\S]*ready\n#\d+ INTERRUPTED/);
    t.is(await output(rig, "logs", "^0", "3/4"), "ready\n");
    const { stepList } = JSON.parse(await output(rig, "builds", "inspect")) as { stepList: { status: string; logBytes: number }[] };
    t.deepEqual(
      stepList.filter(({ status }) => status === "interrupted").map(({ logBytes }) => logBytes),
      ["ready\n".length],
    );
    t.regex(
      await output(rig, "explain"),
      /interrupted at \[3\/4\] RUN echo ready; sleep 1000: 1 ran, 0 cached, 1 not finished\n[\s\S]*did not end: the build was interrupted\n {3}ran because it is new/,
    );
    const again = await rig.cli(build("--explain", "--build-arg", "X=1", "-f", "-", context), {
      input: Buffer.from("ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN echo other\n"),
    });
    t.is(again.code, 0, again.stderr);
    t.is((await output(rig, "builds", "-q")).trim().split("\n").length, 2);
    t.deepEqual(await gone(rig), []);
  }),
);

serial("a step that failed, and one whose result was removed, are not called new", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", { Dockerfile: "ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN echo first\nRUN exit 3\n" });
    const explained = async () => {
      const { stderr } = await rig.cli(build("--explain", context));
      return [...stderr.matchAll(/^#\d+ ran because (.*)$/gm)].map(([, text = ""]) => text.replace(/[a-z2-7]{12}$/, "ID"));
    };
    t.is((await explained()).length, 2);
    t.deepEqual(await explained(), ["it did not finish in build ID"]);
    await output(rig, "prune", "--all", "--force");
    t.deepEqual(await explained(), ["its earlier result is not in the store", "it did not finish in build ID"]);
  }),
);

serial("on a machine that has nothing but a cache a miss says what differs from it; values of build arguments are not exported", (t) =>
  withRig(async (rig) => {
    const text =
      'ARG REGISTRY\nFROM $REGISTRY/busybox\nARG OPT\nARG API_TOKEN\nCOPY src/ /src/\nRUN echo "$API_TOKEN" | wc -c\nRUN cat /src/*\n';
    const context = rig.context("context", { Dockerfile: text, "src/main.c": "1", "src/other.c": "2" });
    const token = ["--build-arg", "API_TOKEN=hushhushhush"];
    const made = await rig.cli(
      build("--build-arg", "OPT=made-here", ...token, "--cache-to", `type=local,dest=${rig.path("cache")},mode=max`, context),
    );
    t.is(made.code, 0, made.stderr);
    t.false(made.stderr.includes("hushhushhush"), "not even in a step's name");
    const blobs = readdirSync(rig.path("cache", "blobs", "sha256")).map((name) => readFileSync(rig.path("cache", "blobs", "sha256", name)));
    const config = blobs.find((blob) => blob.includes('"explain":"')) as Buffer;
    const { tsbuild } = JSON.parse(config.toString()) as { tsbuild: { explain: string } };
    const unpacked = inflateRawSync(Buffer.from(tsbuild.explain, "base64")).toString();
    t.true(unpacked.includes("src/main.c"));
    t.false(/hushhushhush|made-here/.test(unpacked + config.toString()));
    const explained = async (...more: string[]) => {
      const ended = await rig.cli(build("--explain", ...more, context), { env: { TSBUILD_ROOT: rig.path("elsewhere") } });
      t.is(ended.code, 0, ended.stderr);
      return [...ended.stderr.matchAll(/^#\d+ (ran because .*|cached: .*)$/gm)].map(([, line = ""]) =>
        line.replace(/, made .* UTC$/, "").replace(rig.path("cache"), "CACHE"),
      );
    };
    const from = ["--cache-from", `type=local,src=${rig.path("cache")}`];
    t.deepEqual(await explained(...from, ...token, "--build-arg", "OPT=other"), [
      'cached: found a result imported from local cache "CACHE"',
      'ran because ARG OPT changed, compared with local cache "CACHE"',
      'ran because ARG OPT changed; the step before it ([3/4] RUN echo "****" | wc -c) gave another result, compared with local cache "CACHE"',
    ]);
    writeFileSync(join(context, "src/main.c"), "changed");
    t.is((await explained(...token, "--build-arg", "OPT=other"))[0], "ran because files of the build context changed");
    writeFileSync(join(context, "src/main.c"), "more");
    t.is((await explained(...from, ...token, "--build-arg", "OPT=other"))[0], "ran because src/main.c changed (content)");
  }),
);

serial("what cannot be recorded is a warning; what is not worth a record, and TSBUILD_HISTORY=off, leave none", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", { Dockerfile: "ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN echo hello\n" });
    const off = await rig.cli(build(context), { env: { TSBUILD_HISTORY: "off" } });
    t.is(off.code, 0, off.stderr);
    t.is((await rig.cli(build(rig.path("nowhere")))).code, 1);
    t.is(await output(rig, "builds", "-q"), "");
    writeFileSync(storePaths(rig.store).builds, "in the way");
    const ended = await rig.cli(build("--no-cache", context));
    t.is(ended.code, 0, ended.stderr);
    t.regex(ended.stderr, /The build could not be recorded/);
    t.is(await output(rig, "builds", "-q"), "");
    t.deepEqual(rig.leftovers(), []);
  }),
);

serial("comments above an instruction: a step that always runs, and one whose result grows too old", (t) =>
  withRig(async (rig) => {
    const uuid = "cat /proc/sys/kernel/random/uuid";
    const dockerfile = `ARG REGISTRY
FROM $REGISTRY/busybox AS made
# tsbuild: cache=1h
RUN ${uuid} > /id; echo same > /same
FROM made AS above
RUN cp /id /copy
FROM $REGISTRY/busybox AS beside
COPY --from=made /same /
# tsbuild: cache=never
RUN ${uuid} > /always
`;
    const context = rig.context("context", { Dockerfile: dockerfile });
    const ran = async (target: string, ...more: string[]) => {
      const ended = await rig.cli(build("--target", target, ...more, context));
      t.is(ended.code, 0, ended.stderr);
      return instructionSteps(ended.stderr).DONE.map((name) => name.split(" ").slice(0, 2).join(" "));
    };
    t.deepEqual(await ran("above"), ["RUN cat", "RUN cp"]);
    t.deepEqual(await ran("beside"), ["COPY --from=made", "RUN cat"]);
    t.deepEqual(await ran("above"), []);
    t.deepEqual(await ran("beside"), ["RUN cat"], "always");
    const database = openSqlite(storePaths(rig.store).database);
    database.exec("UPDATE results SET created_at = created_at - 7200000");
    database.close();
    const explained = await rig.cli(build("--target", "beside", "--explain", context));
    t.regex(explained.stderr, /ran because its result is older than 1h/);
    t.regex(explained.stderr, /ran because the comment above it says cache=never/);
    t.deepEqual(instructionSteps(explained.stderr).DONE.length, 2, "the copy takes what is as it was");
    t.deepEqual(await ran("above"), ["RUN cp"], "made again by another build, and what depended on the old result is made again");
    t.deepEqual(await ran("above"), []);
    writeFileSync(join(context, "Dockerfile"), dockerfile.replace("cache=1h", "cache=soon"));
    const refused = await rig.cli(build(context));
    t.is(refused.code, 1);
    t.regex(refused.stderr, /error\[dockerfile\/invalid-step-comment\].*"soon" is neither never nor an age/);
  }),
);

serial("--no-cache=mounts begins with empty cache mounts; --no-cache keeps them", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", {
      Dockerfile:
        "ARG REGISTRY\nFROM $REGISTRY/busybox\nARG N\nRUN echo plain\nRUN --mount=type=cache,target=/c echo x >> /c/n; wc -l < /c/n\n",
    });
    const count = async (...more: string[]) => {
      const ended = await rig.cli(build(...more, context));
      t.is(ended.code, 0, ended.stderr);
      const steps = parsePlain(ended.stderr);
      return `${steps.find(({ name }) => name === "RUN echo plain")?.status} ${steps.find(({ name }) => name.includes("/c/n"))?.output.join("")}`;
    };
    t.is(await count("--build-arg", "N=1"), "DONE 1");
    t.is(await count("--build-arg", "N=2"), "DONE 2");
    t.is(await count("--build-arg", "N=2", "--no-cache"), "DONE 3");
    t.is(await count("--build-arg", "N=2", "--no-cache=mounts"), "CACHED 1");
    t.is(await count("--build-arg", "N=3"), "DONE 2");
    t.is(await count("--build-arg", "N=3", "--no-cache=all"), "DONE 1");
    t.deepEqual(rig.leftovers(), []);
  }),
);
