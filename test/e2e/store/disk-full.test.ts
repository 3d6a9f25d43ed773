import { copyFileSync, mkdirSync } from "node:fs";
import { withRig } from "../../support/images/busybox-suite.js";
import { notInstalled, requires, withoutMounts } from "../../support/requires.js";
import { CLI, type Ended, type Rig } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";

// New stores on disks that become full at every stage of a build: while a layer is packed or
// unpacked, while a step writes, while a layer is compressed.

const test = requires(withoutMounts, BUSYBOX === undefined ? notInstalled("busybox-static") : undefined);

const DOCKERFILE = `FROM scratch
COPY busybox /bin/busybox
SHELL ["/bin/busybox", "sh", "-c"]
RUN /bin/busybox dd if=/dev/urandom of=/a bs=1M count=1
RUN /bin/busybox dd if=/dev/urandom of=/b bs=1M count=8
RUN /bin/busybox dd if=/dev/urandom of=/c bs=1M count=8
RUN /bin/busybox dd if=/dev/urandom of=/d bs=1M count=4
RUN /bin/busybox true
`;

const FULL =
  /^(error\[store\/disk-full\]: .*: no space is left on the disk|hint: The store's disk is full: .*|hint: A disk was full for the command: .* make room with `tsbuild prune` .*)$/m;

/**
 * Runs a script in a mount namespace of its own, with a disk of a size for the store. Its mounts
 * end with it.
 */
function onSmallDisk(rig: Rig, size: string, options: string, script: string): Promise<Ended> {
  mkdirSync(rig.store);
  const text = `tsbuild() { "${process.execPath}" "${CLI}" "$@"; }
mount -t tmpfs -o size=${size}${options} tmpfs "${rig.store}"
${script}`;
  return rig.spawn("unshare", ["--mount", "sh", "-c", text]).ended;
}

function context(rig: Rig, dockerfile: string): string {
  const directory = rig.context("context", { Dockerfile: dockerfile });
  copyFileSync(BUSYBOX as string, rig.path("context", "busybox"));
  return directory;
}

for (const size of ["200k", "1m", "2m", "3m", "4m", "5m", "8m", "14m", "22m", "28m", "33m"]) {
  test.serial(`a disk of ${size}: the build names the full disk, prune makes room, and the next build is right`, (t) =>
    withRig(async (rig) => {
      const directory = context(rig, DOCKERFILE);
      const ended = await onSmallDisk(
        rig,
        size,
        "",
        `tsbuild --progress plain --cache-budget off -o type=oci,dest="${rig.path("out.tar")}" "${directory}" 2>"${rig.path("stderr")}"; echo "build $?"
ls -A "${rig.directory}" | grep '^\\.'
tsbuild prune -a -f >&2; echo "prune $?"
tsbuild du --verify >&2; echo "verify $?"
mount -o remount,size=300m "${rig.store}"
tsbuild -q "${directory}" >&2; echo "again $?"
ls -A "${rig.store}/v1/tmp"`,
      );
      t.is(ended.stdout.toString("utf8"), "build 1\nprune 0\nverify 0\nagain 0\n", ended.stderr);
      const stderr = rig.bytes("stderr").toString("utf8");
      t.regex(stderr, FULL);
      t.notRegex(stderr, /error\[internal\]|\n\s+at /);
      t.deepEqual(rig.leftovers(), []);
    }),
  );
}

test.serial("a disk without inodes: the failed step says what the disk lacks", (t) =>
  withRig(async (rig) => {
    const directory = context(
      rig,
      'FROM scratch\nCOPY busybox /bin/busybox\nRUN ["/bin/busybox", "sh", "-c", "for i in $(/bin/busybox seq 400); do : > /f$i || exit 1; done"]\n',
    );
    const ended = await onSmallDisk(rig, "60m", ",nr_inodes=300", `tsbuild --progress plain "${directory}"`);
    t.is(ended.code, 1);
    t.regex(ended.stderr, /^hint: The store's disk has no inodes left: /m);
    t.deepEqual(rig.leftovers(), []);
  }),
);

test.serial("a small tmpfs that a step fills: the hint names all disks of the step", (t) =>
  withRig(async (rig) => {
    const run = "--mount=type=tmpfs,target=/t,size=1m /bin/busybox dd if=/dev/zero of=/t/f bs=1M count=2";
    const directory = context(rig, `FROM scratch\nCOPY busybox /bin/busybox\nSHELL ["/bin/busybox", "sh", "-c"]\nRUN ${run}\nRUN false\n`);
    const ended = await onSmallDisk(rig, "60m", "", `tsbuild --progress plain "${directory}"`);
    t.is(ended.code, 1);
    t.regex(
      ended.stderr,
      /^hint: A disk was full for the command: .*a tmpfs mount \(size=\), or the store's, which has \d+ MiB free now\./m,
    );
    const other = await rig.cli([
      "--progress=plain",
      rig.context("other", { Dockerfile: 'FROM scratch\nCOPY Dockerfile /f\nRUN ["/f"]\n' }),
    ]);
    t.notRegex(other.stderr, /disk/);
  }),
);
