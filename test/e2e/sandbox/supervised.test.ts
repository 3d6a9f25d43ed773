import { chmodSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ContainerKind, containers } from "../../support/container/containers.js";
import { type ContainerRun, runInContainer } from "../../support/container/container.js";
import { CLI } from "../../support/rigs/rig.js";
import { BUSYBOX } from "../../support/rigs/sandbox-rig.js";
import { notInstalled, requires, withoutContainer } from "../../support/requires.js";

// RUN as a random user without any privilege, in Docker's default filter of system calls.

const missing = notInstalled(BUSYBOX === undefined ? "busybox-static" : undefined);
const { serial } = requires(missing, withoutContainer);

const DOCKERFILE = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN echo root:x:0:0::/root:/bin/sh >/etc/passwd; echo app:x:7:8::/app:/bin/sh >>/etc/passwd
RUN set -e; test "$(hostname)" = buildkitsandbox; test -e /proc/self/status; echo seen >/dev/stdout; test "$(readlink /proc/self/exe)" = /bin/busybox
RUN set -e; ps | grep -q 'ps'; grep -q MemTotal /proc/meminfo; test -d /sys/class/net; test -c /dev/null; echo x >/dev/null
RUN set -e; mkdir -p /a/b; cd /a/b; test "$(pwd)" = /a/b; cd ../..; test "$(pwd)" = /; ln -s /a /l; cd /l/b; test "$(readlink -f .)" = /a/b; test "$(ls -d /../../a)" = /../../a
RUN set -e; mkfifo /f; echo through >/f & read line </f; test "$line" = through; rm /f; printf '#!/bin/sh -e\\necho "$0" "$@"\\n' >/s; chmod +x /s; test "$(/s 1 2)" = "/s 1 2"
RUN set -e; touch /owned; chown 7:8 /owned; chmod 4750 /owned; test "$(stat -c %a:%u:%g /owned)" = 4750:7:8; touch /closed; chmod 0 /closed; cat /closed; test "$(stat -c %a /closed)" = 0
RUN ln -s x /link; mkfifo /fifo; chown -h 5:6 /link /fifo
RUN set -e; test "$(stat -c %u:%g /link /fifo | tr '\\n' ' ')" = "5:6 5:6 "
RUN cp /bin/busybox /bin/as-app; chown 7:8 /bin/as-app; chmod 6755 /bin/as-app
RUN ! unshare -U true 2>/dev/null; ! chroot /bin /busybox true 2>/dev/null; mknod /d b 8 0; test -b /d; ! cat /d 2>/dev/null; ! touch /dev/null 2>/dev/null
RUN --mount=type=cache,target=/c echo kept >/c/f
RUN --mount=type=cache,target=/c --mount=type=tmpfs,target=/t --mount=type=secret,id=s cat /c/f /run/secrets/s >/from-mounts; touch /t/gone
USER app
WORKDIR /home/app
RUN set -e; test "$(id -u):$(id -g)" = 7:8; touch id; test "$(stat -c %u:%g id)" = 7:8; ! chown 0:0 id 2>/dev/null; echo own >/dev/stderr; sleep 1000 &
`;

async function buildIn(kind: ContainerKind, context: string, ...args: readonly string[]): Promise<ContainerRun> {
  const secret = ["--secret", `id=s,src=${join(context, "Dockerfile")}`];
  return await runInContainer(kind, [process.execPath, CLI, "build", "--progress=plain", ...secret, ...args, context], {
    volumes: [join(context, "..")],
    env: { TSBUILD_ROOT: join(context, "..", "store") },
  });
}

async function withContext(body: (context: string) => Promise<void>): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-supervised-"));
  try {
    chmodSync(directory, 0o777);
    const context = join(directory, "context");
    cpSync(BUSYBOX as string, join(context, "busybox"));
    writeFileSync(join(context, "Dockerfile"), DOCKERFILE);
    await body(context);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

serial("steps run as a random user without privileges, and the output names how", (t) =>
  withContext(async (context) => {
    const { code, stderr } = await buildIn(containers.randomUser, context, "-o", "type=cacheonly");
    t.is(code, 0, stderr);
    t.regex(stderr, /steps run with isolation "supervised"/);
    t.regex(stderr, /seen\n/);
  }),
);

const SMALL = `FROM scratch
COPY busybox /bin/busybox
RUN ["/bin/busybox", "sh", "-c", "/bin/busybox echo seen >/dev/stdout; /bin/busybox ln -s a /l; /bin/busybox id -u"]
`;

serial("steps run with a read-only root, with the store on a volume and in /tmp alone", (t) =>
  withContext(async (context) => {
    writeFileSync(join(context, "Dockerfile"), SMALL);
    for (const env of [
      { TSBUILD_ROOT: join(context, "..", "store") },
      { TSBUILD_ROOT: "", HOME: "/nonexistent" },
      { TSBUILD_ROOT: "", HOME: "/" },
    ]) {
      const command = [process.execPath, CLI, "build", "--progress=plain", "-o", "type=cacheonly", context];
      const { code, stderr } = await runInContainer(containers.randomUserReadonly, command, { volumes: [join(context, "..")], env });
      t.is(code, 0, stderr);
      t.regex(stderr, /steps run with isolation "supervised"[^]* seen\n[^]* 0\n/);
    }
  }),
);

serial("root is told that the tier is not for it", (t) =>
  withContext(async (context) => {
    const { code, stderr } = await buildIn(containers.default, context, "--isolation=supervised", "-o", "type=cacheonly");
    t.is(code, 1, stderr);
    t.regex(stderr, /error\[exec\/isolation\]: Cannot run steps with isolation "supervised": this is root/);
  }),
);

const LINKS = `FROM scratch AS one
COPY busybox /bin/busybox
RUN ["/bin/busybox", "--install", "-s", "/bin"]
RUN mkdir /d; cd /d; ln -s x given; ln -s x replaced; ln -s x kept; chown -h 5:6 given replaced kept
RUN cd /d; chown -h 0:0 given; rm replaced; ln -s x replaced
FROM one
COPY --from=one /d/ /copied/
RUN set -e; test "$(stat -c %u:%g /copied/given /copied/replaced /copied/kept | tr '\\n' ' ')" = "0:0 0:0 5:6 "
`;

serial("links that root takes back, or makes again, are root's in the layer", (t) =>
  withContext(async (context) => {
    writeFileSync(join(context, "Dockerfile"), LINKS);
    const { code, stderr } = await buildIn(containers.randomUser, context, "-o", "type=cacheonly");
    t.is(code, 0, stderr);
  }),
);
