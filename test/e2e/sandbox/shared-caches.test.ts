import { chmodSync, cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { containers } from "../../support/container/containers.js";
import { runInContainer } from "../../support/container/container.js";
import { removeTree } from "../../support/remove-tree.js";
import { CLI } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";
import { notInstalled, requires, withoutContainer } from "../../support/requires.js";

// One cache mount in steps that run at the same time, in the tiers that have no mounts.

const missing = notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined);
const { serial } = requires(missing, withoutContainer);

/**
 * The steps `a` and `b` wait for each other by a file of the cache: if one waited for the other's
 * end, neither would end. The last stage has the cache at three places. `h` puts a link to the root
 * of the builder's container in the way of its cache, which `k` wants meanwhile.
 */
const DOCKERFILE = `FROM scratch AS base
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN --mount=type=cache,id=c,target=/c --mount=type=cache,id=s,target=/s set -e; touch /s/talk; cd /c; touch talk lost; ln -s talk link; mkdir -p d/e gone/e; echo 1 >d/e/old; touch d/removed gone/e/f; chown -R 7:8 d; chmod 750 d/e
FROM base AS a
RUN --mount=type=cache,id=c,target=/c set -e; cd /c; test "$(stat -c %a:%u:%g d/e)" = 750:7:8; echo a >>talk; until grep -q b talk; do :; done; echo 2 >d/e/old; rm lost; touch d/a; mkdir da; touch da/a; rm -r gone
FROM base AS b
RUN --mount=type=cache,id=c,target=/c set -e; cd /c; test -L link; echo b >>talk; until grep -q a talk; do :; done; rm d/removed; touch d/b; mkdir db; touch db/b; chmod 700 d/e
FROM base AS h
RUN --mount=from=a,target=/a --mount=from=b,target=/b --mount=type=cache,id=s,target=/s --mount=type=cache,id=h,target=/x/etc set -e; mv /x /y; ln -s / /x; echo h >>/s/talk; until grep -q k /s/talk; do :; done
FROM base AS k
RUN --mount=from=a,target=/a --mount=from=b,target=/b --mount=type=cache,id=s,target=/s until grep -q h /s/talk; do :; done
RUN --mount=type=cache,id=s,target=/s --mount=type=cache,id=h,target=/c ls -A /c >/seen; touch /c/mine; echo k >>/s/talk; test ! -s /seen
FROM base
RUN --mount=from=h,target=/h --mount=from=k,target=/k --mount=from=a,target=/a --mount=from=b,target=/b --mount=type=cache,id=c,target=/c --mount=type=cache,id=c,target=/other --mount=type=cache,id=c,target=/read,readonly set -e; cd /c; \\
  for f in d/a d/b da/a db/b d/e/old; do test -e $f; test -e /other/$f; test -e /read/$f; done; test ! -e lost; test ! -e d/removed; test ! -e gone; \\
  test "$(cat d/e/old)" = 2; test "$(stat -c %a:%u:%g d/e)" = 700:7:8; echo 3 >/other/d/e/old; test "$(cat d/e/old)" = 3; touch here /other/there /read/nowhere || true; echo 4 >/read/d/e/old || true
RUN --mount=type=cache,id=c,target=/c set -e; cd /c; test -e here; test -e there; test ! -e nowhere; test "$(cat d/e/old)" = 3; ls /c >/names
`;

for (const kind of ["default", "randomUser"] as const) {
  serial(`steps share a cache mount without waiting for each other: ${kind}`, async (t) => {
    const directory = mkdtempSync(join(tmpdir(), "tsbuild-shared-cache-"));
    try {
      chmodSync(directory, 0o777);
      const context = join(directory, "context");
      mkdirSync(context);
      cpSync(BUSYBOX as string, join(context, "busybox"));
      writeFileSync(join(context, "Dockerfile"), DOCKERFILE);
      const command = [process.execPath, CLI, "build", "--progress=plain", "-o", "type=cacheonly", context];
      const { code, stderr } = await runInContainer(containers[kind], command, {
        volumes: [directory],
        env: { TSBUILD_ROOT: join(directory, "store") },
      });
      t.is(code, 0, stderr);
    } finally {
      removeTree(directory);
    }
  });
}
