import { ordinaryUser, whoCanReach } from "../../support/rigs/as-user.js";
import { debianLayout, pushLayout } from "../../support/images/base-image.js";
import { withoutDebian } from "../../support/images/busybox-suite.js";
import { startRegistry } from "../../support/servers/registry.js";
import { commandAs, ownershipOf } from "../../support/rigs/ownership-machine.js";
import { CLI, Rig } from "../../support/rigs/rig.js";
import { requires, withoutNamespaces } from "../../support/requires.js";

// Debian's own tools make users, groups, and files of all of them: the same image for each kind of
// owners. Root's run builds as an ordinary user, too.

const needs = requires(withoutNamespaces(), await withoutDebian());
const user = whoCanReach(ordinaryUser(), CLI);

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
