import { existsSync, mkdirSync } from "node:fs";
import { ordinaryUser, whoCanReach } from "../../support/rigs/as-user.js";
import { debianLayout, missingForBusybox, pushLayout, withoutMirror } from "../../support/images/base-image.js";
import { instructionSteps } from "../../support/images/plain-steps.js";
import { startRegistry } from "../../support/servers/registry.js";
import { commandAs, ownershipOf } from "../../support/rigs/ownership-machine.js";
import { CLI, Rig } from "../../support/rigs/rig.js";
import { imageConfig } from "../../support/rigs/scenario.js";
import { notInstalled, requires } from "../../support/requires.js";

// A whole build once: apt-get installs a compiler, a C program is compiled from the context, and
// the small final image runs it. Needs Debian's mirror, so it is skipped where the mirror cannot be
// reached or TSBUILD_TEST_OFFLINE is set.

const missing = missingForBusybox() ?? (existsSync("/usr/bin/mmdebstrap") ? undefined : "mmdebstrap");
const needs = requires(notInstalled(missing), await withoutMirror());
const user = whoCanReach(ordinaryUser(), CLI);

const DOCKERFILE = `ARG REGISTRY
FROM $REGISTRY/debian AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
WORKDIR /src
COPY hello.c .
RUN gcc -O1 -static -o /hello hello.c

FROM scratch
COPY --from=build /hello /usr/bin/hello
USER 1000:1000
ENV GREETED=world
ENTRYPOINT ["/usr/bin/hello"]
`;

const program = (text: string) =>
  `#include <stdio.h>\n#include <stdlib.h>\nint main(void) { printf("${text} %s\\n", getenv("GREETED")); return 0; }\n`;

const APT = "RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev";
const REST = ["COPY hello.c .", "RUN gcc -O1 -static -o /hello hello.c", "COPY --from=build /hello /usr/bin/hello"];

/** Packages that make users and groups, and own files by them. */
const OWNERS = `ARG REGISTRY
FROM $REGISTRY/debian
RUN apt-get update && apt-get install -y --no-install-recommends cron sudo dbus
RUN useradd -m joe && echo 'joe ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/joe
USER joe
RUN touch ~/mine && sudo install -o joe -g www-data -m 2750 -d /srv/joe && touch /srv/joe/f && sudo -u www-data id
USER root
RUN groupadd -g 1000600001 fars && useradd -m -u 1000600000 -g fars -G www-data far && install -o far -g fars -m 2751 -d /srv/far && su far -c 'touch ~/mine; id >/srv/far/id'
COPY --chown=far:fars nameless.pl /srv/far/
USER far
RUN perl /srv/far/nameless.pl
USER joe
RUN sudo cp -a /srv/far /srv/copy && sudo tar -C /srv -cf /tmp/far.tar far && sudo mkdir /srv/again && sudo tar -C /srv/again -xf /tmp/far.tar && sudo rm /tmp/far.tar
`;

/** Makes a file that has no name yet, and names it. */
const NAMELESS = `use Fcntl;
sysopen(my $file, "/srv/far", 0x410000 | O_WRONLY, 0640) or die "open: $!"; # O_TMPFILE
print $file "text\\n";
my ($from, $to) = ("/proc/self/fd/" . fileno($file), "/srv/far/named");
syscall(265, -100, $from, -100, $to, 0x400) == 0 or die "linkat: $!";
`;

needs.serial("apt, sudo and useradd make the same with virtual owners, and for a user whose ids do not reach", async (t) => {
  const layout = await debianLayout();
  const registry = await startRegistry();
  const rig = new Rig();
  try {
    await pushLayout(layout, `${registry.host}/debian`);
    const context = rig.context("context", { Dockerfile: OWNERS, "nameless.pl": NAMELESS });
    const listings: (readonly string[])[] = [];
    for (const [index, builder] of (["mapped", "virtual", ...("reason" in user ? [] : [user])] as const).entries()) {
      const out = rig.path(`${index}.tar`);
      const args = ["--root", rig.path(`store${index}`), "build", "--progress=plain", "--build-arg", `REGISTRY=${registry.host}`];
      const [command, ...rest] = [...commandAs(rig, builder), ...args, "-o", `type=tar,dest=${out}`, context];
      const built = await rig.spawn(command, rest, { env: { TSBUILD_OWNERSHIP: ownershipOf(builder) } }).ended;
      t.is(built.code, 0, built.stderr);
      const { stdout } = await rig.spawn("tar", ["-tvf", out, "--numeric-owner"]).ended;
      const lines = stdout.toString("utf8").split("\n").filter(Boolean);
      listings.push(lines.map((line) => line.replace(/^(\S+ \S+) +\d+ \S+ \S+ /, "$1 ")).sort());
    }
    for (const listing of listings.slice(1)) t.deepEqual(listing, listings[0]);
    const line = (path: string) => listings[1]?.find((text) => text.endsWith(` ${path}`));
    t.regex(line("usr/bin/crontab") ?? "", /^-rwxr-sr-x 0\/[1-9]\d*/);
    t.regex(line("usr/bin/sudo") ?? "", /^-rwsr-xr-x 0\/0/);
    t.regex(line("etc/shadow") ?? "", /^-rw-r----- 0\/42/);
    t.regex(line("srv/joe/f") ?? "", /^-rw-r--r-- 1000\/33/);
    for (const place of ["far", "copy", "again/far"]) {
      t.regex(line(`srv/${place}/`) ?? "", /^drwxr-s--x 1000600000\/1000600001/);
      t.regex(line(`srv/${place}/named`) ?? "", /^-rw-r----- 1000600000\/1000600001/);
    }
    t.deepEqual(rig.leftovers(), []);
  } finally {
    await rig.dispose();
    await registry.stop();
  }
});

needs.serial("a Debian base, a compiler from apt, a small final image", async (t) => {
  const layout = await debianLayout();
  const registry = await startRegistry();
  const rig = new Rig();
  try {
    await pushLayout(layout, `${registry.host}/debian`);
    const context = rig.context("context", { Dockerfile: DOCKERFILE, "hello.c": program("hello") });
    const image = rig.path("image.tar");
    const build = (...more: string[]) =>
      rig.cli([
        "build",
        "--progress=plain",
        "--build-arg",
        `REGISTRY=${registry.host}`,
        "-t",
        "hello:1",
        "-o",
        `type=oci,dest=${image}`,
        ...more,
        context,
      ]);
    const steps = (stderr: string) => {
      const { CACHED, DONE } = instructionSteps(stderr);
      return { CACHED: [...CACHED].sort(), DONE: [...DONE].sort() };
    };
    const all = [APT, "WORKDIR /src", ...REST].sort();

    const first = await build();
    t.is(first.code, 0, first.stderr);
    t.deepEqual(steps(first.stderr), { CACHED: [], DONE: all });
    t.log(`first build: ${(first.duration / 1000).toFixed(1)} s`);
    t.like((await imageConfig(rig, image)).config, { User: "1000:1000", Entrypoint: ["/usr/bin/hello"] });

    mkdirSync(rig.path("layout"));
    await rig.spawn("tar", ["-xf", image, "-C", rig.path("layout")]).ended;
    const unpacked = await rig.spawn("umoci", ["unpack", "--rootless", "--image", `${rig.path("layout")}:1`, rig.path("bundle")]).ended;
    t.is(unpacked.code, 0, unpacked.stderr);
    const ran = await rig.spawn(rig.path("bundle/rootfs/usr/bin/hello"), [], { env: { GREETED: "world" } }).ended;
    t.is(ran.stdout.toString("utf8"), "hello world\n");

    const recorder = rig.recordProcesses();
    const snapshots = rig.snapshots();
    const second = await rig.cli(
      ["build", "--progress=plain", "--build-arg", `REGISTRY=${registry.host}`, "-o", `type=oci,dest=${image}`, context],
      { env: recorder.env },
    );
    t.is(second.code, 0, second.stderr);
    t.deepEqual(steps(second.stderr), { CACHED: all, DONE: [] });
    t.deepEqual([recorder.started(), rig.snapshots()], [[], snapshots]);

    rig.context("context", { "hello.c": program("goodbye") });
    const third = await build();
    t.is(third.code, 0, third.stderr);
    t.deepEqual(steps(third.stderr), { CACHED: [APT, "WORKDIR /src"].sort(), DONE: [...REST].sort() });

    // A comment gives the same program: what is copied from the stage is what it was.
    rig.context("context", { "hello.c": `${program("goodbye")}/* a comment */\n` });
    const fourth = await build();
    t.deepEqual(steps(fourth.stderr).CACHED, [APT, "WORKDIR /src", "COPY --from=build /hello /usr/bin/hello"].sort(), fourth.stderr);

    const fifth = await build("--no-cache");
    t.deepEqual(steps(fifth.stderr), { CACHED: [], DONE: all });
    t.deepEqual(rig.leftovers(), []);
  } finally {
    await rig.dispose();
    await registry.stop();
  }
});
