import assert from "node:assert/strict";
import type { SandboxRig } from "../../support/rigs/sandbox-rig.js";
import { type Case, failsWith, ok } from "./case.js";

const FAR = 1_000_600_000;
/** Says the number only while it runs: nobody can know before that the step will need it. */
const UNSAID = "a=10006; b=00000; far=$a$b";

const list = (...paths: readonly string[]): string => `stat -c '%u:%g %a %n' ${paths.join(" ")}`;

/**
 * Runs the commands in one step, and checks the result in that step and in the next. Output of a
 * first attempt may come before.
 */
async function seenTwice(rig: SandboxRig, commands: string, look: string, expected: readonly string[], user = ""): Promise<string> {
  const first = await rig.run(`${commands}; ${look}`, { user });
  assert.deepEqual([first.exit, first.out.split("\n").slice(-1 - expected.length, -1)], [ok, expected], first.err);
  const second = await rig.run(look, { lowers: [rig.rootfs, first.upper] });
  assert.deepEqual(second.out.split("\n").slice(0, -1), expected, "in the next step");
  return first.upper;
}

/**
 * Ids beyond those that are mapped for an ordinary user: the same results as where all are mapped,
 * and where one is.
 */
export const unmappedIds: readonly Case[] = [
  {
    name: "unmapped ids: owners are set, seen and copied, in the same step and the next",
    run: (rig) =>
      seenTwice(
        rig,
        `cd /; mkdir d; touch d/f d/g d/m; ln -s f d/l; mkfifo d/p; chown ${FAR}:${FAR} d d/f; chown -h ${FAR}:7 d/l; chown 33:${FAR} d/m; chgrp ${FAR} d/p; ln d/f d/hard; chown 33:34 d/g; cp -a d c; chown 5 c/f; chgrp 6 c/f`,
        list("/d", "/d/f", "/d/g", "/d/hard", "/d/l", "/d/m", "/d/p", "/c", "/c/f", "/c/g", "/c/l", "/c/m"),
        [
          `${FAR}:${FAR} 755 /d`,
          `${FAR}:${FAR} 644 /d/f`,
          "33:34 644 /d/g",
          `${FAR}:${FAR} 644 /d/hard`,
          `${FAR}:7 777 /d/l`,
          `33:${FAR} 644 /d/m`,
          `0:${FAR} 644 /d/p`,
          `${FAR}:${FAR} 755 /c`,
          "5:6 644 /c/f",
          "33:34 644 /c/g",
          `${FAR}:7 777 /c/l`,
          `33:${FAR} 644 /c/m`,
        ],
      ).then(() => {}),
  },
  {
    name: "unmapped ids: a step that names one only while it runs begins again, and nothing is left of its first attempt",
    async run(rig) {
      const calls = ["chown $far:$far /f", "chgrp $far /f", "chown -h $far /l", "su far -s /bin/sh -c 'touch /tmp/mine'"];
      const passwd = `echo 'far:x:${FAR}:${FAR}::/:/bin/sh' >>/etc/passwd`;
      const { upper } = await rig.run(passwd);
      for (const call of calls) {
        const first = await rig.run(
          `[ ! -e /once ] || echo again; touch /once /f; ln -s x /l; mkdir /d; chmod 711 /; echo said; ${UNSAID}; ${call} 2>&1; stat -c %u:%g /f /l; [ ! -e /tmp/mine ] || stat -c %u /tmp/mine; ls /`,
          { lowers: [rig.rootfs, upper] },
        );
        assert.deepEqual(first.exit, ok);
        assert.ok(first.out.includes(`${FAR}`) && !first.out.includes("again"), `${call}: ${first.out}${first.err}`);
      }
    },
  },
  {
    name: "unmapped ids: as the user of a step, by number and by name",
    async run(rig) {
      const { upper } = await rig.run(
        `echo 'far:x:${FAR}:${FAR + 1}::/home/far:/bin/sh' >>/etc/passwd; echo 'fars:x:${FAR + 2}:far' >>/etc/group`,
      );
      const lowers = [rig.rootfs, upper];
      const ids =
        "id -u; id -g; id -G; touch /tmp/f; mkdir /tmp/d; (umask 077; ln -s x /tmp/l; echo >/tmp/d/g); stat -c '%u:%g %a %n' . /tmp/f /tmp/d /tmp/d/g /tmp/l";
      const cases = [
        [`${FAR}`, [FAR, 0, "0"], `${FAR}:0`],
        [`${FAR}:${FAR}`, [FAR, FAR, `${FAR}`], `${FAR}:${FAR}`],
        [`33:${FAR}`, [33, FAR, `${FAR}`], `33:${FAR}`],
        ["far", [FAR, FAR + 1, `${FAR + 1} ${FAR + 2}`], `${FAR}:${FAR + 1}`],
        ["65535:65536", [65_535, 65_536, "65536"], "65535:65536"],
        ["65537", [65_537, 0, "0"], "65537:0"],
        ["4294967294:4294967294", [4_294_967_294, 4_294_967_294, "4294967294"], "4294967294:4294967294"],
      ] as const;
      for (const [user, expected, owner] of cases) {
        const { exit, out, err } = await rig.run(ids, {
          lowers: [rig.rootfs, ...(user === "far" ? [upper] : [])],
          user,
          cwd: "/new/place",
        });
        const files = [
          ["755", "."],
          ["644", "/tmp/f"],
          ["755", "/tmp/d"],
          ["600", "/tmp/d/g"],
          ["777", "/tmp/l"],
        ];
        assert.deepEqual(
          [exit, out.trim().split("\n")],
          [ok, [...expected.map(String), ...files.map((file) => `${owner} ${file.join(" ")}`)]],
          user + err,
        );
      }
      await failsWith("exec/unknown-user", rig.run("true", { user: "4294967295:0" }));
      const { message } = await failsWith("exec/unknown-user", rig.run("true", { user: "2147483648" }));
      assert.match(message, /2147483647/);
      const tries = await rig.run("chown 33 /etc/passwd; chown 34 /tmp; touch /tmp/f; chown 33 /tmp/f; id -u", { lowers, user: "far" });
      assert.equal(tries.out, `${FAR}\n`);
      assert.equal(tries.err.match(/Operation not permitted/g)?.length, 3, tries.err);
    },
  },
  {
    name: "unmapped ids: directories pass on their group, real or not",
    run: (rig) =>
      seenTwice(
        rig,
        `mkdir /d /e; chown 33:${FAR} /d; chown 33:50 /e; chmod 2775 /d /e; chmod 2777 /e; touch /d/f /e/f; mkdir /d/g /e/g; touch /d/g/h; ln -s x /d/l; su www -s /bin/sh -c 'touch /d/w /e/w; mkdir /e/x'; echo far:x:${FAR}:${FAR}::/: >>/etc/passwd; su far -s /bin/sh -c 'touch /e/far'`,
        list("/d", "/d/f", "/d/g", "/d/g/h", "/d/l", "/d/w", "/e/f", "/e/g", "/e/w", "/e/x", "/e/far"),
        [
          `33:${FAR} 2775 /d`,
          `0:${FAR} 644 /d/f`,
          `0:${FAR} 2755 /d/g`,
          `0:${FAR} 644 /d/g/h`,
          `0:${FAR} 777 /d/l`,
          `33:${FAR} 644 /d/w`,
          "0:50 644 /e/f",
          "0:50 2755 /e/g",
          "33:50 644 /e/w",
          "33:50 2755 /e/x",
          `${FAR}:50 644 /e/far`,
        ],
      ).then(() => {}),
  },
  {
    name: "unmapped ids: at the limits, and back to ids that are mapped",
    run: (rig) =>
      seenTwice(
        rig,
        "cd /; touch a b c d e f; ln -s x l; chown 65535:65535 a; chown 65536:65536 b; chown 65537 c; chown 4294967294:4294967294 d; chown 4294967294 e; chown 33:34 e; chown 65537 f; chown 0:0 f; chown -h 65537 l; chown -h 0:0 l; chmod 6755 c; chown 65538 c",
        list("/a", "/b", "/c", "/d", "/e", "/f", "/l"),
        [
          "65535:65535 644 /a",
          "65536:65536 644 /b",
          "65538:0 755 /c",
          "4294967294:4294967294 644 /d",
          "33:34 644 /e",
          "0:0 644 /f",
          "0:0 777 /l",
        ],
      ).then(() => {}),
  },
  {
    name: "unmapped ids: a link that was given away goes back to root in a later step",
    async run(rig) {
      const { upper } = await rig.run(`ln -s x /l; ln -s x /m; chown -h ${FAR}:${FAR} /l /m`);
      const next = await rig.run("chown -h 0:0 /l", { lowers: [rig.rootfs, upper] });
      const last = await rig.run(list("/l", "/m"), { lowers: [rig.rootfs, upper, next.upper] });
      assert.equal(last.out, `0:0 777 /l\n${FAR}:${FAR} 777 /m\n`, last.err);
    },
  },
  {
    name: "unmapped ids: links and FIFOs of a layer below keep their owners under other names",
    async run(rig) {
      const { upper } = await rig.run(
        `mkdir /d; cd /d; ln -s x a; ln -s x b; ln -s x c; mkfifo p; chown -h ${FAR}:7 a b c; chown ${FAR} p; ln -s x r`,
      );
      const moves = "cd /d; mv a a2; ln b b2; mv p p2; mv r r2; mkdir e; mv c e";
      const look = list("/d/a2", "/d/b", "/d/b2", "/d/p2", "/d/r2", "/d/e/c");
      const expected = `${FAR}:7 777 /d/a2\n${FAR}:7 777 /d/b\n${FAR}:7 777 /d/b2\n${FAR}:0 644 /d/p2\n0:0 777 /d/r2\n${FAR}:7 777 /d/e/c\n`;
      const lowers = [rig.rootfs, upper];
      const next = await rig.run(`${moves}; ${look}`, { lowers });
      assert.equal(next.out, expected, next.err);
      assert.equal((await rig.run(look, { lowers: [...lowers, next.upper] })).out, expected);
    },
  },
  {
    name: "unmapped ids: set-id programs of users that are mapped and of others",
    differs: { chroot: "set-id programs for other users than root (`sudo`)" },
    async run(rig) {
      const copies = `for u in 33 ${FAR}; do cp /bin/busybox /bin/busybox$u; chown $u:$u /bin/busybox$u; chmod 6755 /bin/busybox$u; done`;
      const { exit, out, err } = await rig.run(
        `${copies}; busybox33 id -u; busybox${FAR} id -u; busybox33 id -g; su bare -s /bin/sh -c 'busybox33 id -u; busybox33 touch /tmp/f; umask 077; echo kept >/tmp/own; busybox33 cat /tmp/own'; stat -c %u:%g /tmp/f`,
      );
      // Started by root it keeps the user it becomes; started by another it becomes who started it.
      assert.deepEqual([exit, out], [ok, `33\n${FAR}\n33\n44\nkept\n44:45\n`], err);
    },
  },
  {
    name: "unmapped ids: in mounts that several steps share",
    async run(rig) {
      const source = rig.directory("cache");
      const mounts = [{ type: "bind", source, dest: "/c", readonly: false }] as const;
      const made = await rig.run(`touch /c/f; chown ${FAR} /c/f`, { mounts });
      assert.deepEqual(made.exit, ok, made.err);
      const seen = await rig.run("stat -c %u /c/f; cp -a /c/f /f; stat -c %u /f", { mounts });
      assert.equal(seen.out, `${FAR}\n${FAR}\n`, seen.err);
      const secret = { type: "file", dest: "/run/s", data: "", uid: FAR, gid: 5, mode: 0o400 } as const;
      assert.equal((await rig.run("stat -c %u:%g:%a /run/s", { mounts: [secret] })).out, `${FAR}:5:400\n`);
      const { upper } = await rig.run(`mkdir /d; chown ${FAR} /d`);
      const overlay = { type: "overlay", lowers: [upper], selector: "/d", dest: "/m", readonly: false } as const;
      assert.equal((await rig.run("touch /m/x; stat -c %u /m", { mounts: [overlay] })).out, `${FAR}\n`);
    },
  },
  {
    name: "unmapped ids: a step that meets none keeps its users apart, and one that does makes no devices",
    differs: { chroot: "capabilities, system calls", supervised: "capabilities" },
    async run(rig) {
      const { upper } = await rig.run("touch /tmp/f; chmod 600 /tmp/f");
      const lowers = [rig.rootfs, upper];
      const denied = await rig.run("cat /tmp/f", { lowers, user: "www" });
      assert.equal(denied.err.includes("Permission denied"), !rig.virtual);
      const { out } = await rig.run(`chown ${FAR} /tmp/f; mknod /dev/x c 1 3; mount -t tmpfs x /tmp; cat /proc/self/status | grep CapBnd`, {
        lowers,
      });
      assert.equal(out, "CapBnd:\t00000000a80425fb\n");
    },
  },
];
