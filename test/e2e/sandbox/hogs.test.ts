import { existsSync } from "node:fs";
import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";
import { parsePlain } from "../../support/images/plain-steps.js";
import { withoutMounts } from "../../support/requires.js";
import { CLI, type Rig, type Running } from "../../support/rigs/rig.js";
import { until } from "../../support/until.js";

// Steps that take all they can, beside another build that is not disturbed. None of them is endless
// by itself: limits, a small disk or ctrl-c end them.

const { requiring, host } = busyboxSuite();

const HEAD = "ARG REGISTRY=localhost\nFROM $REGISTRY/busybox\n";

/** Steps of the other build: files and output that any disturbance would cut. */
const OTHER = `${HEAD}RUN seq 20000 | md5sum; seq 2000
RUN i=0; while [ $i -lt 40 ]; do i=$((i+1)); (echo $i >/f$i) & done; wait; cat /f* | sort -n | md5sum
`;

interface Hog {
  readonly step: string;
  readonly flags: readonly string[];
  /** Size of a disk of its own for its store, such as `40m`. */
  readonly disk?: string;
  readonly code: number;
  /** Message of the end; a step without one is interrupted. */
  readonly says?: RegExp;
  readonly reason?: string | undefined;
}

const HOGS: Readonly<Record<string, Hog>> = {
  "a hog of memory": {
    step: "tail /dev/zero",
    flags: ["--memory", "48m"],
    code: 1,
    says: /error\[exec\/out-of-memory\]: .* of which the step may have 48 MiB; .*largest processes: tail /,
  },
  "a fork bomb of 300 tasks": {
    step: "i=0; while [ $i -lt 300 ]; do sleep 2 & i=$((i+1)); done; wait",
    flags: ["--pids-limit", "40"],
    code: 1,
    says: /error\[exec\/too-many-tasks\]: .*it wanted more than 40 processes and threads/,
  },
  "a writer that fills the disk": {
    step: "dd if=/dev/zero of=/big bs=1M",
    flags: [],
    disk: "40m",
    code: 1,
    says: /No space left on device[^]*hint: The store's disk is full: make room/,
    reason: withoutMounts,
  },
  "a writer past its --disk": {
    step: "n=0; while [ $n -lt 100 ]; do n=$((n+1)); head -c 4194304 /dev/zero >/f$n; usleep 20000; done",
    flags: ["--disk", "20m"],
    code: 1,
    says: /error\[exec\/too-much-written\]: .*it may add 20 MiB to its root, and had \d+ MiB; largest files: \/f\d+ 4 MiB/,
  },
  "an endless writer of output": { step: "yes", flags: [], code: 130 },
};

/** Starts the build of a hog, whose output nobody reads where it does not end by itself. */
function start(rig: Rig, { step, flags, disk, says }: Hog): Running {
  rig.context("hog", { Dockerfile: `${HEAD}RUN touch /begun; ${step}\n` });
  const args = ["build", "--progress=plain", "--no-cache", `--build-arg=REGISTRY=${host()}`, ...flags, rig.path("hog")];
  const command = [process.execPath, CLI, ...args].map((word) => `'${word}'`).join(" ");
  if (disk !== undefined) {
    const mount = `mkdir -p ${rig.path("disk")}; mount -t tmpfs -o size=${disk} tmpfs ${rig.path("disk")}`;
    return rig.spawn("unshare", ["--mount", "sh", "-c", `${mount}; TSBUILD_ROOT=${rig.path("disk")} exec ${command}`]);
  }
  return rig.spawn("sh", ["-c", `exec ${command}${says ? "" : ` 2>${rig.path("output")}`}`]);
}

for (const [name, hog] of Object.entries(HOGS)) {
  requiring(hog.reason)(`${name}: another build beside it is not disturbed`, (t) =>
    withRig(async (rig) => {
      rig.context("other", { Dockerfile: OTHER });
      const other = () => rig.cli(["build", "--progress=plain", "--no-cache", `--build-arg=REGISTRY=${host()}`, rig.path("other")]);
      const printed = ({ code, stderr }: { readonly code: number | undefined; readonly stderr: string }) => {
        t.is(code, 0, stderr.slice(-2000));
        return parsePlain(stderr).map(({ output }) => output);
      };
      const alone = printed(await other());
      t.true(alone.flat().length > 2000);
      const running = start(rig, hog);
      if (!hog.says) await until(() => existsSync(rig.path("output")) && rig.bytes("output").length > 1 << 20);
      t.deepEqual(printed(await other()), alone);
      if (!hog.says) running.interrupt();
      const { code, stderr } = await running.ended;
      t.is(code, hog.code, stderr);
      if (hog.says) t.regex(stderr, hog.says);
      t.deepEqual(rig.leftovers(), []);
    }),
  );
}
