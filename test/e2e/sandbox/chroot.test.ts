import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ContainerKind, containers } from "../../support/container/containers.js";
import { type ContainerRun, runInContainer } from "../../support/container/container.js";
import { CLI } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";
import { notInstalled, requires, withoutContainer } from "../../support/requires.js";

// RUN as root in Docker's default container, where there are neither user namespaces nor mounts.

const missing = notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined);
const { serial } = requires(missing, withoutContainer);

const DOCKERFILE = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN echo root:x:0:0::/root:/bin/sh >/etc/passwd; echo app:x:7:8::/app:/bin/sh >>/etc/passwd
RUN set -e; test "$(hostname)" = buildkitsandbox; test -e /proc/self/status; echo seen >/dev/stdout; test "$(readlink /proc/self/exe)" = /bin/busybox
RUN set -e; ps | grep -q 'ps'; cat /proc/meminfo | grep -q MemTotal; test -d /sys/class/net; test -c /dev/null; echo x >/dev/null
RUN ! unshare -U true 2>/dev/null; ! chroot /bin /busybox true 2>/dev/null; mknod /d b 8 0; test -b /d; ! cat /d 2>/dev/null
RUN --mount=type=cache,target=/c echo kept >/c/f
RUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/t cat /c/f >/from-cache; touch /t/gone
USER app
WORKDIR /home/app
RUN id -u >id; echo own >/dev/stderr; sleep 1000 &
`;

/** Builds in a container. */
async function buildIn(kind: ContainerKind, context: string, ...args: readonly string[]): Promise<ContainerRun> {
  const options = ["--progress=plain", "-o", "type=cacheonly", ...args];
  return await runInContainer(kind, [process.execPath, CLI, "build", ...options, context], {
    volumes: [join(context, "..")],
  });
}

async function withContext(body: (context: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-chroot-"));
  try {
    chmodSync(directory, 0o755);
    const context = join(directory, "context");
    cpSync(BUSYBOX as string, join(context, "busybox"));
    writeFileSync(join(context, "Dockerfile"), DOCKERFILE);
    await body(context);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

serial("steps run as root in a default container, and the output names how", (t) =>
  withContext(async (context) => {
    const { code, stderr } = await buildIn(containers.default, context);
    t.is(code, 0, stderr);
    t.regex(stderr, /steps run with isolation "chroot"/);
    t.regex(stderr, /seen\n/);
  }),
);

serial("a tier that is asked for and cannot be had fails the build", (t) =>
  withContext(async (context) => {
    const namespaces = await buildIn(containers.default, context, "--isolation=namespaces");
    t.is(namespaces.code, 1, namespaces.stderr);
    t.regex(namespaces.stderr, /error\[exec\/unsupported-system\]: User namespaces do not work here/);
    const chroot = await buildIn(containers.user, context, "--isolation=chroot");
    t.is(chroot.code, 1, chroot.stderr);
    t.regex(chroot.stderr, /error\[exec\/isolation\]: Cannot run steps with isolation "chroot": it needs root/);
  }),
);
