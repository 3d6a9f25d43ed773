import { readdirSync, readFileSync } from "node:fs";
import { busyboxSuite, gone, withRig } from "../../support/images/busybox-suite.js";
import { instructionSteps, parsePlain } from "../../support/images/plain-steps.js";
import { withoutNamespaces } from "../../support/requires.js";
import { until } from "../../support/until.js";

// Processes of the command: in parallel, at once with another, interrupted, killed, and none where
// none is needed.

const { serial, requiring, host } = busyboxSuite();
/** Declares tests whose steps share a cache mount at once, which is lent to one without mounts. */
const sharing = requiring(withoutNamespaces());

const build = (...more: string[]) => ["build", "--progress=plain", "--build-arg", `REGISTRY=${host()}`, ...more];

/** Returns a Dockerfile whose last stage needs all the others. */
function stages(commands: readonly string[]): string {
  const parts = commands.map((command, i) => `FROM $REGISTRY/busybox AS s${i}\nRUN ${command}\n`);
  const copies = commands.map((_, i) => `COPY --from=s${i} /out /out${i}\n`);
  return `ARG REGISTRY\n${parts.join("")}FROM scratch\n${copies.join("")}`;
}

sharing("sixteen independent stages run at the same time", (t) =>
  withRig(async (rig) => {
    // Each waits in a shared directory until all have come: run one after the other they would wait
    // for ever.
    const meet = (i: number) =>
      `--mount=type=cache,id=meet,target=/meet touch /meet/${i}; until [ "$(ls /meet | wc -l)" = 16 ]; do sleep 0.02; done; echo ${i} > /out`;
    const context = rig.context("context", { Dockerfile: stages(Array.from({ length: 16 }, (_, i) => meet(i))) });
    const image = rig.path("image.tar");
    const ended = await rig.cli(build("-o", `type=tar,dest=${image}`, context));
    t.is(ended.code, 0, ended.stderr);
    t.is(await rig.tarFile(image, "out15"), "15\n");
    t.deepEqual(rig.leftovers(), []);
  }),
);

sharing("what one step has locked, a step that shares the same cache does not see", (t) =>
  withRig(async (rig) => {
    const meet = "--mount=type=cache,id=meet,target=/meet";
    const wait = (name: string) => `until [ -e /meet/${name} ]; do sleep 0.02; done`;
    const cache = "--mount=type=cache,id=apt,target=/c";
    const context = rig.context("context", {
      Dockerfile: stages([
        `${meet} ${cache},sharing=locked touch /c/mine /meet/locked; ${wait("shared")}; ls /c > /out`,
        // Its own way to the first: a mount is taken when its step begins.
        `--network=none ${meet} ${wait("locked")}; true > /out`,
      ]).replace(
        "FROM scratch",
        `FROM s1 AS late\nRUN ${meet} ${cache} ls /c > /out; touch /c/other /meet/shared\nFROM scratch\nCOPY --from=late /out /late`,
      ),
    });
    const image = rig.path("image.tar");
    const ended = await rig.cli(build("-o", `type=tar,dest=${image}`, context));
    t.is(ended.code, 0, ended.stderr);
    t.is(await rig.tarFile(image, "out0"), "mine\n");
    t.is(await rig.tarFile(image, "late"), "");
    t.deepEqual(rig.leftovers(), []);
  }),
);

sharing("a failing stage stops the others at once, with exit code 1, one clear message and no output", (t) =>
  withRig(async (rig) => {
    const meet = "--mount=type=cache,id=meet,target=/meet";
    const context = rig.context("context", {
      Dockerfile: stages([
        `${meet} touch /meet/a; sleep 1000; echo > /out`,
        `${meet} until [ -e /meet/a ] && [ -e /meet/b ]; do sleep 0.02; done; echo broken >&2; exit 7`,
        `${meet} touch /meet/b; sleep 1001; echo > /out`,
      ]),
    });
    const image = rig.path("image.tar");
    const ended = await rig.cli(build("-o", `type=oci,dest=${image}`, context));
    t.is(ended.code, 1);
    t.regex(ended.stderr, /exit code: 7/);
    t.is(ended.stderr.split(/^(?:ERROR|error)[:[]/m).length, 2, ended.stderr);
    t.notRegex(ended.stderr, /\n\s+at /, "no stack trace");
    const steps = instructionSteps(ended.stderr);
    t.deepEqual([steps.ERROR.length, steps.CANCELED.length], [1, 2], ended.stderr);
    t.deepEqual(await gone(rig), []);
    t.throws(() => rig.size(image), { code: "ENOENT" });
  }),
);

const SLEEPER = (marker: string) => `ARG REGISTRY
FROM $REGISTRY/busybox AS quick
ENV MARKER=${marker}
RUN echo quick > /quick
FROM quick
RUN echo now sleeping; sleep 300; true ${marker}
`;

const WAYS = {
  "ctrl-c in the terminal": { signal: undefined, code: 130 },
  // Another signal, because two of the same may become one.
  "ctrl-c that a parent passes on as well": { signal: "SIGTERM", code: 130 },
  "SIGINT to the command alone": { signal: "SIGINT", code: 130 },
  SIGTERM: { signal: "SIGTERM", code: 143 },
  SIGHUP: { signal: "SIGHUP", code: 129 },
} as const;

for (const [way, { signal, code }] of Object.entries(WAYS)) {
  serial(`${way} during a RUN: ends with exit code ${code}, nothing left, and the next build works`, (t) =>
    withRig(async (rig) => {
      const context = rig.context("context", { Dockerfile: SLEEPER(rig.marker) });
      const image = rig.path("image.tar");
      const running = rig.start(build("-o", `type=oci,dest=${image}`, context));
      await running.shows(/now sleeping$/m);
      const begun = performance.now();
      if (way.startsWith("ctrl-c")) running.interrupt();
      if (signal) running.process.kill(signal);
      const ended = await running.ended;
      const took = performance.now() - begun;
      t.is(ended.code, code, ended.stderr);
      t.log(`${Math.round(took)} ms after the signal`);
      t.deepEqual(rig.leftovers(), []);
      t.throws(() => rig.size(image), { code: "ENOENT" });
      const next = await rig.cli(build("--target", "quick", "-o", `type=oci,dest=${image}`, context));
      t.is(next.code, 0, next.stderr);
      t.deepEqual(instructionSteps(next.stderr).CACHED, ["RUN echo quick > /quick"]);
      t.deepEqual(rig.leftovers(), []);
    }),
  );
}

serial("kill -9 during a RUN: the step dies with it, and the next build cleans up and works", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", { Dockerfile: SLEEPER(rig.marker) });
    const running = rig.start(build("-o", "type=cacheonly", context));
    await running.shows(/now sleeping$/m);
    running.process.kill("SIGKILL");
    await running.ended;
    const processes = () => gone(rig, (line) => line.startsWith("file: "));
    t.deepEqual(await processes(), []);
    const next = await rig.cli(build("--target", "quick", "--no-cache", "-o", "type=cacheonly", context));
    t.is(next.code, 0, next.stderr);
    // The killed command's own temporary directory is the system's to clean; the store's is ours.
    t.deepEqual(
      rig.leftovers().filter((line) => !line.includes(`${rig.directory}/tmp/`)),
      [],
    );
  }),
);

sharing("a build that is stopped holds its step: another names it, ends on ctrl-c, and both are right when it goes on", (t) =>
  withRig(async (rig) => {
    const mount = "--mount=type=cache,id=m,target=/m";
    const head = "ARG REGISTRY\nFROM $REGISTRY/busybox\n";
    const context = rig.context("context", {
      Dockerfile: `${head}RUN ${mount} echo now sleeping; until [ -e /m/go ]; do sleep 0.02; done; echo > /done\n`,
    });
    const first = rig.start(build("-o", "type=cacheonly", context));
    await first.shows(/now sleeping$/m);
    first.process.kill("SIGSTOP");
    const second = rig.start(build("-o", "type=cacheonly", context));
    await second.shows(new RegExp(`waiting for another build that runs this step: process ${first.process.pid}, which is stopped`));
    second.process.kill("SIGINT");
    t.is((await second.ended).code, 130);
    const third = rig.start(build("-o", "type=cacheonly", context));
    await third.shows(/which is stopped/);
    first.process.kill("SIGCONT");
    const go = rig.start(build("-o", "type=cacheonly", rig.context("go", { Dockerfile: `${head}RUN ${mount} touch /m/go\n` })));
    for (const running of [first, third, go]) {
      const ended = await running.ended;
      t.is(ended.code, 0, ended.stderr);
    }
    t.deepEqual(rig.leftovers(), []);
  }),
);

/** Returns the processes below one, parents first. */
function descendants(pid: number): readonly number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, "utf8").split(" "),
  );
  return children.filter(Boolean).flatMap((child) => [Number(child), ...descendants(Number(child))]);
}

/**
 * Returns the processes below a process once no other comes or goes. Leaves out those whose end
 * changes nothing: one that was not waited for yet has no command, a start removes in passing what
 * a killed build has left, and a stack forks for a moment.
 */
async function lasting(pid: number): Promise<readonly number[]> {
  const look = (): readonly number[] => {
    const found = descendants(pid).filter((one) => !/^$|sandbox remove/.test(commandOf(one)));
    const stack = found.find(isStack);
    return found.filter((one) => one === stack || !isStack(one));
  };
  let found = look();
  await until(() => {
    const before = found;
    found = look();
    return found.join() === before.join();
  });
  return found;
}

function isStack(pid: number): boolean {
  return /^\S*(?:pasta|slirp4netns) /.test(commandOf(pid));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

serial("kill -9 of any process below a running step: the build says what ended, and leaves nothing", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", {
      Dockerfile: `ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN echo now sleeping; sleep 300; exit $?\n`,
    });
    // The processes below the command, in order: the helper that starts the worker, the worker, and
    // those of the sandbox.
    for (let victim = 0; ; victim++) {
      const running = rig.start(build("-o", "type=cacheonly", context));
      await running.shows(/now sleeping$/m);
      const below = await lasting(running.process.pid as number);
      const pid = below[victim];
      const command = pid === undefined ? "" : commandOf(pid);
      process.kill(pid ?? (running.process.pid as number), pid === undefined ? "SIGTERM" : "SIGKILL");
      const ended = await running.ended;
      if (pid === undefined) {
        t.true(victim >= 4, `only ${victim} processes were found`);
        break;
      }
      t.is(ended.code, 1, `${command}: ${ended.stderr}`);
      t.regex(
        ended.stderr,
        /^error\[(exec\/worker-gone|exec\/network-gone|exec\/sandbox-killed|build\/step-failed)\]/m,
        `${command}: ${ended.stderr}`,
      );
      t.notRegex(ended.stderr, /error\[internal\]|\n\s+at /, command);
      t.deepEqual(await gone(rig, (line) => line.startsWith("file: ")), [], command);
      t.log(`${command.trim()}: ${/^error.*$/m.exec(ended.stderr)?.[0]}`);
    }
    t.is(
      (await rig.cli(build("-o", "type=cacheonly", rig.context("other", { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\nRUN ["/x"]\n' }))))
        .code,
      1,
    );
    t.deepEqual(rig.leftovers(), []);
  }),
);

serial("two builds at once on one store: both right, the shared steps run once", (t) =>
  withRig(async (rig) => {
    const dockerfile =
      "ARG REGISTRY\nFROM $REGISTRY/busybox\nRUN cat /proc/sys/kernel/random/uuid > /id; sleep 0.5\nARG WHICH\nRUN echo $WHICH > /which\n";
    const context = rig.context("context", { Dockerfile: dockerfile });
    const names = ["one", "two", "three"];
    const all = await Promise.all(
      names.map((name) => rig.cli(build("--build-arg", `WHICH=${name}`, "-o", `type=tar,dest=${rig.path(`${name}.tar`)}`, context))),
    );
    for (const ended of all) t.is(ended.code, 0, ended.stderr);
    const ids = await Promise.all(names.map((name) => rig.tarFile(rig.path(`${name}.tar`), "id")));
    t.is(new Set(ids).size, 1);
    for (const name of names) t.is(await rig.tarFile(rig.path(`${name}.tar`), "which"), `${name}\n`);
    const shared = all.map((ended) => parsePlain(ended.stderr).find((step) => step.name.startsWith("RUN cat /proc"))?.status);
    t.deepEqual(shared.filter((status) => status === "DONE").length, 1);
    t.deepEqual(rig.leftovers(), []);
  }),
);

serial("a build that changes nothing starts no process and unpacks nothing, also where it is exported", (t) =>
  withRig(async (rig) => {
    const dockerfile = "ARG REGISTRY\nFROM $REGISTRY/busybox\nCOPY . /files\nRUN ls /files > /names\nCOPY Dockerfile /last\n";
    const context = rig.context("context", { Dockerfile: dockerfile, "a/b": "c" });
    const first = await rig.cli(build("-o", `type=oci,dest=${rig.path("first.tar")}`, context));
    t.is(first.code, 0, first.stderr);
    const snapshots = rig.snapshots();
    const recorder = rig.recordProcesses();
    const second = await rig.cli(build("-o", `type=oci,dest=${rig.path("second.tar")}`, context), { env: recorder.env });
    t.is(second.code, 0, second.stderr);
    t.deepEqual(instructionSteps(second.stderr).DONE, []);
    t.deepEqual(recorder.started(), []);
    t.deepEqual(rig.snapshots(), snapshots);
    t.deepEqual(rig.bytes("first.tar"), rig.bytes("second.tar"), "and gives the same bytes");
    t.log(`${Math.round(second.duration)} ms`);
  }),
);

serial("what --no-cache made takes the place of what was cached, for everything above it", (t) =>
  withRig(async (rig) => {
    const dockerfile =
      "ARG REGISTRY\nFROM $REGISTRY/busybox AS made\nRUN cat /proc/sys/kernel/random/uuid > /id\nFROM made\nRUN cp /id /copy\nFROM scratch\nCOPY --from=1 /copy /copy\n";
    const context = rig.context("context", { Dockerfile: dockerfile });
    const copy = async (...more: string[]) => {
      const ended = await rig.cli(build(...more, "-o", `type=tar,dest=${rig.path("image.tar")}`, context));
      t.is(ended.code, 0, ended.stderr);
      return await rig.tarFile(rig.path("image.tar"), "copy");
    };
    const first = await copy();
    t.is(await copy(), first);
    const second = await copy("--no-cache");
    t.not(second, first);
    t.is(await copy(), second);
    const third = await copy("--no-cache-filter", "made");
    t.not(third, second, "what depends on the stage is made again too");
    t.is(await copy(), third);
  }),
);

serial("FROM and COPY alone start no process and unpack nothing", (t) =>
  withRig(async (rig) => {
    const context = rig.context("context", { Dockerfile: "ARG REGISTRY\nFROM $REGISTRY/busybox\nCOPY --chown=app Dockerfile /file\n" });
    const recorder = rig.recordProcesses();
    const ended = await rig.cli(build("-o", `type=oci,dest=${rig.path("image.tar")}`, context), { env: recorder.env });
    t.is(ended.code, 0, ended.stderr);
    t.deepEqual(recorder.started(), []);
    t.deepEqual(rig.snapshots(), []);
  }),
);
