import { mkdirSync } from "node:fs";
import { busyboxSuite, withRig } from "../../support/images/busybox-suite.js";
import { CLI, type Ended, type Rig } from "../../support/rigs/rig.js";
import { withoutMounts } from "../../support/requires.js";

// Disks that become full during builds, and disks that cannot be written: clear errors, nothing
// lost, and right results afterwards.

const { requiring, host } = busyboxSuite();
/** Mounting needs root; what is mounted goes with the shell that did it. */
const asRoot = requiring(withoutMounts);

const DOCKERFILE = `ARG REGISTRY
FROM $REGISTRY/busybox AS a
RUN seq 1 100000 > /small; mkdir /d; chown 5:6 /d
COPY data /data
FROM a
ARG N
RUN cat /data > /copy && echo $N > /n
COPY --from=a /data /again
`;

/** Returns incompressible bytes, the same each time. */
function noise(bytes: number): string {
  let state = 1;
  return Array.from({ length: bytes }, () => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return String.fromCharCode(33 + ((state >>> 16) % 90));
  }).join("");
}

/**
 * Runs a script in a mount namespace of its own, with a shell function for the command and the
 * store as working directory.
 */
async function script(rig: Rig, text: string): Promise<Ended> {
  mkdirSync(rig.store, { recursive: true });
  const functions = `tsbuild() { "${process.execPath}" "${CLI}" "$@"; }
made() { tsbuild build --progress=plain --build-arg=REGISTRY=${host()} --build-arg=N=$1 "\${@:2}" "${rig.path("context")}"; }
`;
  return rig.spawn("unshare", ["--mount", "bash", "-c", `${functions}set -u; cd "${rig.store}"; ${text}`], {
    env: { SOURCE_DATE_EPOCH: "1700000000" },
  }).ended;
}

async function expected(rig: Rig): Promise<readonly string[]> {
  rig.context("context", { Dockerfile: DOCKERFILE, data: noise(1_500_000) });
  const { code, stdout, stderr } = await script(rig, 'export TSBUILD_ROOT="$PWD/../reference"; made 1; made 2');
  if (code !== 0) throw new Error(stderr);
  return stdout.toString("utf8").trim().split("\n");
}

for (const kilobytes of [400, 2700, 5500, 8500]) {
  asRoot(`a store of ${kilobytes} kB on a disk that is full then: both builds say so, and are right when there is room`, (t) =>
    withRig(async (rig) => {
      const ids = await expected(rig);
      const ended = await script(
        rig,
        `mount -t tmpfs -o size=${kilobytes}k tmpfs . && cd .
made 1 --cache-to type=local,dest="${rig.path("cache")}",mode=max 2>"${rig.path("first")}" >/dev/null & first=$!
made 2 2>"${rig.path("second")}" >/dev/null & second=$!
wait $first; echo "first $?"; wait $second; echo "second $?"
for room in 0 8 12 16; do cat /dev/zero 2>/dev/null >fill; truncate -s "-$room"K fill; tsbuild du --verify >&2 || echo "verify with $room"; rm fill; done
tsbuild prune --force --all >&2; echo "prune $?"
mount -o remount,size=60m .
made 1; made 2
tsbuild du --verify >&2; echo "verify $?"
ls v1/tmp v1/snapshots`,
      );
      const lines = ended.stdout.toString("utf8").trim().split("\n");
      t.deepEqual(lines.slice(0, 6), ["first 1", "second 1", "prune 0", ...ids, "verify 0"], ended.stderr);
      for (const name of ["first", "second"]) {
        const stderr = rig.bytes(name).toString("utf8");
        // A step itself reports the system's error that it got.
        t.regex(stderr, /^error\[store\/disk-full\]|No space left on device/m, stderr);
        t.notRegex(stderr, /error\[internal\]|\n\s+at /, stderr);
      }
      t.deepEqual(rig.leftovers(), []);
    }),
  );
}

asRoot("a store that is read-only: what is there can be used, and what cannot be written says so", (t) =>
  withRig(async (rig) => {
    const [id = ""] = await expected(rig);
    const ended = await script(
      rig,
      `made 1 -t app
mount --bind . . && mount -o remount,bind,ro . && cd "$PWD"
made 1 -o "type=oci,dest=${rig.path("image.tar")}" 2>"${rig.path("warnings")}"; echo "cached $?"
made 2 2>"${rig.path("refused")}"; echo "new $?"
tsbuild images -q --no-trunc
for args in "save -o ${rig.path("saved.tar")} app" "du" "du --verify" "builds"; do tsbuild $args >&2; echo "$args $?"; done
tsbuild prune --force 2>&1 >/dev/null | grep -c 'store/not-writable'`,
    );
    t.deepEqual(
      ended.stdout.toString("utf8").trim().split("\n"),
      [id, "cached 0", "new 1", id, `save -o ${rig.path("saved.tar")} app 0`, "du 0", "du --verify 0", "builds 0", "1"],
      ended.stderr,
    );
    t.regex(rig.bytes("warnings").toString("utf8"), /history\/not-recorded/);
    t.regex(rig.bytes("refused").toString("utf8"), /^error\[store\/not-writable\]/m);
    t.true(rig.size(rig.path("saved.tar")) > 1_000_000 && rig.size(rig.path("image.tar")) > 1_000_000);
    t.deepEqual(rig.leftovers(), []);
  }),
);
