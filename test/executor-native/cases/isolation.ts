import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SandboxMount } from "../../../executor-native/contract.js";
import { helperPath } from "../../../executor-native/helper-path.js";
import { isHostRoot } from "../../../executor-native/ownership.js";
import { makeRootfs, metadata, ownSleep, processesWith, tree } from "../../support/rigs/sandbox-rig.js";
import { type Case, failsWith, ok, secret, withoutNamespaces } from "./case.js";

/** Reach of a step: allowed and denied. */
export const isolation: readonly Case[] = [
  {
    name: "capabilities and seccomp are Docker's",
    differs: { chroot: "capabilities, system calls", supervised: "capabilities" },
    run: async (rig) => {
      const status = "grep -E '^(CapPrm|CapEff|CapBnd|CapInh|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status | tr -s '\\t\\n' '  '";
      assert.equal(
        (await rig.run(status)).out.trim(),
        "CapInh: 0000000000000000 CapPrm: 00000000a80425fb CapEff: 00000000a80425fb CapBnd: 00000000a80425fb CapAmb: 0000000000000000 NoNewPrivs: 0 Seccomp: 2",
      );
      // The only id there is remains root's in the kernel's eyes, whom the command believes to be.
      const effective = rig.virtual ? "00000000a80425fb" : "0000000000000000";
      assert.equal(
        (await rig.run(status, { user: "www" })).out.trim(),
        `CapInh: 0000000000000000 CapPrm: ${effective} CapEff: ${effective} CapBnd: 00000000a80425fb CapAmb: 0000000000000000 NoNewPrivs: 0 Seccomp: 2`,
      );
      const insecure = (await rig.run(status, { security: "insecure" })).out;
      assert.match(insecure, rig.virtual ? /CapEff: 000001ffffffffff.*Seccomp: 2/ : /CapEff: 000001ffffffffff.*Seccomp: 0/);
    },
  },
  {
    name: "what a step may not do",
    run: async (rig) => {
      for (const command of [
        "unshare -U true",
        "unshare -m true",
        "mount -t tmpfs none /tmp",
        "umount /proc/sys",
        "mknod /x b 8 0 && cat /x",
        "mknod /x c 1 3 && echo >/x",
        "mknod /dev/x c 1 3",
        "echo x > /proc/sys/kernel/domainname",
        "echo h > /proc/sysrq-trigger",
        "mkdir /sys/fs/cgroup/x",
        "hostname other",
        "date -s 2001-01-01 >/dev/null; test $(date +%Y) = 2001",
        "kill -9 1 && kill -0 1 && test -e /proc/1/environ && cat /proc/1/environ",
        "ls /proc/1/root/",
        "chroot /proc/1/root true",
      ]) {
        const { exit } = await rig.run(command);
        assert.notDeepEqual(exit, ok, command);
      }
    },
  },
  {
    name: "the list of hosts is the build's",
    differs: withoutNamespaces("read-only mounts"),
    run: async (rig) => {
      assert.notDeepEqual((await rig.run("echo x > /etc/hosts")).exit, ok);
    },
  },
  {
    name: "a root in the root",
    differs: { chroot: "capabilities, system calls", supervised: "another root (`chroot`), file capabilities (`setcap`)" },
    run: async (rig) => {
      const { exit, err } = await rig.run("mkdir -p /jail/bin && cp /bin/busybox /jail/bin && chroot /jail /bin/busybox true");
      assert.deepEqual(exit, ok, err);
    },
  },
  {
    name: "what a step may do",
    run: async (rig) => {
      for (const command of [
        "touch /f && chown 1:2 /f && chown 65534:65534 /f && chmod 6755 /f",
        "mkfifo /p && test -p /p && cd /proc && test -e self/status",
        "echo x > /dev/null && head -c 4 /dev/urandom >/dev/null && test -w /dev/shm && test -d /dev/pts",
        "ls -l /dev/fd/0",
        "su www -s /bin/sh -c 'test $(id -u) = 33'",
      ]) {
        const { exit, err } = await rig.run(command);
        assert.deepEqual(exit, ok, `${command}: ${err}`);
      }
    },
  },
  {
    name: "terminals",
    run: async (rig) => {
      const { exit, err } = await rig.run("test -c /dev/ptmx && stty < /dev/ptmx >/dev/null");
      assert.deepEqual(exit, ok, err);
    },
  },
  {
    name: "working directories in /proc and /sys",
    differs: { chroot: "programs that start `/proc/self/exe`, a working directory in `/proc/self` or `/sys/class`" },
    run: async (rig) => {
      const { exit, err } = await rig.run("cd /sys/class && test -d net && cd /proc/self && test -e status && cd ../.. && test $PWD = /");
      assert.deepEqual(exit, ok, err);
    },
  },
  {
    name: "setuid programs work",
    differs: { chroot: "set-id programs for other users than root (`sudo`)" },
    run: async (rig) => {
      // The native program itself: static, and its `remove` mode shows as whom it acts.
      const mounts: SandboxMount[] = [{ type: "bind", source: helperPath(), dest: "/tool", readonly: true }];
      const setup = "cp /tool /bin/tool && chmod 4755 /bin/tool && mkdir -m 700 /secret && touch /secret/f";
      const { exit, err, upper } = await rig.run(setup, { mounts });
      assert.deepEqual(exit, ok, err);
      const ran = await rig.run("printf '/secret/f\\0' | /bin/tool remove", { lowers: [rig.rootfs, upper], user: "www" });
      assert.deepEqual(ran.exit, ok, ran.err);
      assert.equal((await rig.run("ls -A /secret", { lowers: [rig.rootfs, upper, ran.upper] })).out, "");
    },
  },
  {
    name: "masked paths",
    run: async (rig) => {
      assert.equal(
        (
          await rig.run("cat /proc/kcore /proc/keys /proc/timer_list 2>/dev/null | wc -c; ls -A /sys/firmware /sys/fs/cgroup")
        ).out.replaceAll(/\/sys.*:\n|\n/g, ""),
        "0",
      );
    },
  },
  {
    name: "the host's devices work, and stay as they are",
    run: async (rig) => {
      const names = ["null", "zero", "full", "random", "urandom", "tty"].filter((name) => existsSync(`/dev/${name}`));
      const look = (): string[] => names.map((name) => metadata(`/dev/${name}`));
      const before = look();
      const paths = [...names.map((name) => `/dev/${name}`), "/proc/timer_list", "/proc/self/fd/0"];
      const { exit, out, err } = await rig.run(
        `for path in ${paths.join(" ")}; do test ! -e $path || { chmod 600 $path; chown 1:1 $path; touch $path; } 2>&1; done;
        echo > /dev/null && head -c 2 /dev/zero | wc -c && head -c 3 /dev/urandom | wc -c && { echo > /dev/full; test $? = 1; }`,
      );
      assert.deepEqual([exit, out.split("\n").slice(-3)], [ok, ["2", "3", ""]], err);
      const refused = out.split("\n").slice(0, -3);
      // In a chroot the devices are files of the step's own.
      if (rig.tier !== "chroot") assert.ok(refused.length >= 3 * (names.length + 1), out);
      for (const line of refused) assert.match(line, /: (Read-only file system|No such file or directory)$/);
      assert.deepEqual(look(), before);
    },
  },
  {
    name: "a step without limits mounts and becomes others, but changes no settings of the host",
    differs: withoutNamespaces("`security=insecure`"),
    run: async (rig) => {
      const settings = [
        "/proc/sys/kernel/core_pattern",
        "/proc/sysrq-trigger",
        "/proc/irq/default_smp_affinity",
        "/sys/kernel/mm/transparent_hugepage/enabled",
      ].filter((path) => existsSync(path));
      // sysrq-trigger can be written only.
      const value = (path: string): string => (statSync(path).mode & 0o444 ? readFileSync(path, "utf8") : "");
      const before = settings.map(value);
      const { out } = await rig.run(
        `exec 2>/dev/null; mkdir /m; mount -t tmpfs t /m && mount --bind /bin /m && umount /m && su www -s /bin/sh -c 'id -u'
        for path in ${settings.join(" ")} ${isHostRoot() ? "/proc/mtrr /proc/pressure/*" : ""}; do true >>$path && echo "writable: $path"; done
        for path in /proc/sys /proc/irq /sys; do mount -o remount,bind,rw $path && true >>${settings[0]} && echo "remounted: $path"; done
        umount -l /proc && echo "unmounted"; umount /proc/sys && echo "uncovered"
        mount -t proc p /m && true >>/m/sys/kernel/core_pattern && echo "a new proc"
        unshare -m -p -f sh -c 'mount -t proc p /m && true >>/m/sys/kernel/core_pattern' && echo "a new proc of another namespace"
        unshare -n sh -c 'mount -t sysfs s /m && true >>/m/kernel/mm/transparent_hugepage/enabled' && echo "a new sysfs"
        nsenter -t 1 -m true && echo "the mounts of the first process"`,
        { security: "insecure" },
      );
      // An ordinary user has no rights over these settings; only the mounts of its own step protect
      // them.
      assert.equal(out, isHostRoot() ? "33\n" : "33\nunmounted\n");
      assert.deepEqual(settings.map(value), before);
    },
  },
  {
    name: "the first process shows nothing of the installation",
    run: async (rig) => {
      const { out, err } = await rig.run("tr '\\0' ' ' </proc/1/cmdline; ls /proc/1/fd; readlink /proc/1/exe; cat /proc/1/environ");
      // Its input, and where it says how the command ended.
      assert.equal(out, rig.tier === "namespaces" ? "tsbuild-sandbox run 0\n4\n" : "");
      assert.match(err, /environ.*: (Permission denied|No such file or directory)/);
    },
  },
  {
    name: "the sandbox's own program cannot be changed",
    run: async (rig) => {
      const before = metadata(helperPath());
      const script = `cd /proc; ln -s /proc/1 /dir; ln -s /proc/1/exe /link
        for path in /proc/1/exe //proc/1/exe 1/exe /link /dir/exe /proc/../proc/1/exe; do chown 5:5 $path; chmod 777 $path; done`;
      const { out, err } = await rig.run(script);
      assert.equal(out, "");
      assert.equal(err.match(/: (Permission denied|No such file or directory)$/gm)?.length, 12, err);
      assert.equal(metadata(helperPath()), before);
    },
  },
  {
    name: "the sandbox's own program cannot be changed by way of a mount",
    differs: withoutNamespaces("read-only mounts"),
    run: async (rig) => {
      const before = metadata(helperPath());
      // On any path that a step may find, the file is on a mount that is read-only for the worker
      // and all its children.
      const mounts: SandboxMount[] = [{ type: "bind", source: helperPath(), dest: "/tool", readonly: false }];
      const direct = await rig.run("chmod 6777 /tool; chown 5:5 /tool; touch /tool", { mounts });
      assert.equal(direct.err.match(/Read-only file system/g)?.length, 3, direct.err);
      assert.equal(metadata(helperPath()), before);
    },
  },
  {
    name: "processes: own numbers, nothing of the host, none left behind",
    run: async (rig) => {
      const time = ownSleep(98761);
      const { out } = await rig.run(`ls -d /proc/[0-9]* | wc -l; sleep ${time} & sleep ${time} & exit 0`);
      assert.ok(Number(out) < 8, out);
      // The fourth is that of the directory itself, unless it stands for the one outside.
      assert.match((await rig.run("ls /proc/self/fd; cat /proc/self/cgroup | grep -v ':/$'")).out, /^0\n1\n2\n(3\n)?$/);
      assert.deepEqual(processesWith(time), []);
    },
  },
  {
    name: "network none has loopback only; host has more than a name",
    differs: withoutNamespaces("the machine's network interfaces in /sys and /proc/net with `--network=none`"),
    run: async (rig) => {
      const list = "ls /sys/class/net; cat /proc/net/dev | tail -n +3 | cut -d: -f1";
      assert.equal((await rig.run(list, { network: "none" })).out.replaceAll(/\s+/g, " ").trim(), "lo lo");
      assert.deepEqual((await rig.run("ping -c 1 127.0.0.1", { network: "none" })).exit, ok);
      const own = readFileSync("/proc/net/dev", "utf8").split("\n").length;
      assert.equal((await rig.run("wc -l < /proc/net/dev")).out.trim(), String(own - 1));
    },
  },
  {
    name: "a hostile root file system leads nowhere outside",
    run: async (rig) => {
      const victim = rig.directory("victim");
      const rootfs = makeRootfs(join(rig.base, "hostile"));
      execFileSync("rm", ["-r", join(rootfs, "etc")]);
      symlinkSync(victim, join(rootfs, "etc"));
      symlinkSync(`../../../../../../../..${victim}/proc`, join(rootfs, "proc"));
      symlinkSync(join(victim, "dev"), join(rootfs, "dev"));
      symlinkSync("/proc/self/root/../../..", join(rootfs, "loop"));
      symlinkSync(victim, join(rootfs, "srv"));
      const before = tree(rootfs).length;
      const { exit, err, upper } = await rig.run("echo > /dev/null && cat /etc/hosts && pwd", {
        lowers: [rootfs],
        mounts: [secret("/srv/x/secret", "s"), { type: "tmpfs", dest: "/loop/../../t", size: 0, readonly: false }],
        cwd: "/srv/work",
      });
      assert.deepEqual(exit, ok, err);
      assert.deepEqual(readdirSync(victim), []);
      assert.equal(tree(rootfs).length, before);
      assert.deepEqual(tree(upper).at(-1), `${victim.slice(1)}/work/`);

      const circular = rig.directory();
      symlinkSync("b", join(circular, "a"));
      symlinkSync("a", join(circular, "b"));
      await failsWith("exec/mount-point", rig.run("true", { lowers: [rig.rootfs, circular], mounts: [secret("/a/x", "")] }));
      const fifo = rig.directory();
      mkdirSync(join(fifo, "etc"));
      execFileSync("mkfifo", [join(fifo, "etc/passwd")]);
      await failsWith("exec/unknown-user", rig.run("true", { lowers: [rig.rootfs, fifo], user: "www" }));
    },
  },
  {
    name: "a database of users without end is refused, not read",
    run: async (rig) => {
      for (const [file, user] of [
        ["passwd", "4242"],
        ["group", "0:no-such-group"],
      ] as const) {
        const endless = rig.directory();
        mkdirSync(join(endless, "etc"));
        writeFileSync(join(endless, "etc", file), "");
        // Three gigabytes of one line, which take no room on the disk.
        truncateSync(join(endless, "etc", file), 3 * 2 ** 30);
        await failsWith("exec/user-database", rig.run("true", { lowers: [rig.rootfs, endless], user }));
      }
    },
  },
];
