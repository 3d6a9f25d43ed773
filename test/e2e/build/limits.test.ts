import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";
import { parsePlain } from "../../support/images/plain-steps.js";
import { CLI } from "../../support/rigs/rig.js";

// Limits of the system that a build can run into: layers of an overlay, and open files.

const { serial, host } = busyboxSuite();

const HEAD = "ARG REGISTRY=localhost\nFROM $REGISTRY/busybox AS base\n";

serial("a step on more layers than an overlay takes sees what they say: what was deleted, replaced, linked and owned", (t) =>
  withRig(async (rig) => {
    const count = 520;
    const files = Object.fromEntries(Array.from({ length: count }, (_, i) => [`f${i}`, `${i}\n`]));
    const low = [
      "RUN mkdir -m 750 /d /gone /again && chown 5:6 /d && echo a >/d/a && ln /d/a /d/b && ln -s a /d/l && chmod 4711 /d/a && touch /gone/x /again/x",
      "RUN rm -r /gone /again && mkdir /again && touch -d @1000000000 /again/y",
    ];
    const copies = Object.keys(files).map((name, i) => `COPY ${name} /e${i % 5}/`);
    const look = [
      "stat -c '%n %a %u:%g %h %s' /d /d/a /d/b /again",
      "stat -c %Y /again/y",
      "readlink /d/l",
      "ls -d /gone /again/* 2>&1",
      "cat /e?/f* | sort -n | md5sum",
      "ls /e0 | wc -l",
    ];
    const changed = ["RUN rm /e0/f5 /d/a && echo new >/e1/f6", "RUN ls /e0 | wc -l; ls /d; cat /e1/f6"];
    rig.context("context", { ...files, Dockerfile: `${HEAD}${[...low, ...copies, `RUN ${look.join("; ")}`, ...changed].join("\n")}\n` });
    const { code, stderr } = await rig.cli(["build", "--progress=plain", `--build-arg=REGISTRY=${host()}`, rig.path("context")]);
    t.is(code, 0, stderr.slice(-2000));
    const printed = parsePlain(stderr)
      .flatMap(({ output }) => output)
      .map((line) => line.replace(/^(\/d|\/again) (.*) \d+$/, "$1 $2")); // The size of a directory is its file system's.
    const sum = await rig.spawn("sh", ["-c", `seq 0 ${count - 1} | md5sum`]).ended;
    t.deepEqual(printed, [
      "/d 750 5:6 2",
      "/d/a 4711 0:0 2 2",
      "/d/b 4711 0:0 2 2",
      "/again 755 0:0 2",
      "1000000000",
      "a",
      "ls: /gone: No such file or directory",
      "/again/y",
      sum.stdout.toString().trim(),
      String(count / 5),
      String(count / 5 - 1),
      "b",
      "l",
      "new",
    ]);
  }),
);

for (const limit of [64, 128]) {
  serial(`${limit} open files are enough for a build of 40 stages that run at once`, (t) =>
    withRig(async (rig) => {
      const numbers = Array.from({ length: 40 }, (_, i) => i);
      const stages = numbers.map((i) => `FROM base AS s${i}\nRUN sleep 0.1; echo ${i} >/f${i}`);
      const copies = numbers.map((i) => `COPY --from=s${i} /f${i} /`);
      rig.context("context", { Dockerfile: `${HEAD}${stages.join("\n")}\nFROM scratch\n${copies.join("\n")}\n` });
      const args = ["build", "--progress=plain", "--jobs=40", `--build-arg=REGISTRY=${host()}`, rig.path("context")];
      const { code, stderr } = await rig.spawn("sh", ["-c", `ulimit -n ${limit}; exec "$@"`, "sh", process.execPath, CLI, ...args]).ended;
      t.is(code, 0, stderr.slice(-2000));
    }),
  );
}

for (const limit of [20, 24, 32, 48]) {
  serial(`${limit} open files may be too few, and then the build says so`, (t) =>
    withRig(async (rig) => {
      rig.context("context", { Dockerfile: `${HEAD}RUN true\n` });
      const args = ["build", "--progress=plain", `--build-arg=REGISTRY=${host()}`, rig.path("context")];
      const { code, stderr } = await rig.spawn("sh", ["-c", `ulimit -n ${limit}; exec "$@"`, "sh", process.execPath, CLI, ...args]).ended;
      // Versions of Node need different numbers for themselves.
      if (code !== 0) {
        t.regex(stderr, /too many (open files|files are open)/i);
        // Below that Node cannot read its program.
        if (limit > 20 || stderr.includes("error["))
          t.true(stderr.includes(`hint: This process may have ${limit} open files. Raise the limit`), stderr);
      }
      t.notRegex(stderr, /error\[internal\]|node:events|Unhandled/);
    }),
  );
}
