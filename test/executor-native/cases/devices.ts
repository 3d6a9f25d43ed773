import assert from "node:assert/strict";
import type { Stats } from "node:fs";
import { lstatSync } from "node:fs";
import { join } from "node:path";
import type { SandboxRig } from "../../support/rigs/sandbox-rig.js";
import { type Case, ok } from "./case.js";

const LOOK = "stat -c '%F %t:%T %a %u:%g %h %s %n'";

/** Returns the lines of a step's output that its last attempt wrote. */
function last(out: string, count: number): readonly string[] {
  return out.split("\n").slice(-1 - count, -1);
}

/** Makes device nodes, and changes all that can be changed of one. */
const MAKE = [
  "umask 022; mkdir /d; cd /d; mknod c c 1 3; mknod -m 600 b b 8 1; mknod big c 511 1048575",
  "mknod moved c 4 64; mv moved new; mknod linked b 7 0; ln linked link; mknod gone c 1 5; rm gone; mknod given c 5 0",
  "chown 33:34 given; chmod 4640 given; chgrp 50 given; mknod over c 1 8; touch plain; mv over plain; cp -a c copy",
].join("; ");

const MADE = [
  "block special file 8:1 600 0:0 1 0 b",
  "character special file 1ff:fffff 644 0:0 1 0 big",
  "character special file 1:3 644 0:0 1 0 c",
  "character special file 1:3 644 0:0 1 0 copy",
  "character special file 5:0 640 33:50 1 0 given",
  "block special file 7:0 644 0:0 2 0 link",
  "block special file 7:0 644 0:0 2 0 linked",
  "character special file 4:40 644 0:0 1 0 new",
  "character special file 1:8 644 0:0 1 0 plain",
];

const NAMES = MADE.map((line) => line.slice(line.lastIndexOf(" ") + 1)).join(" ");

/** Returns the files of a directory whose kind is a device's. None may be on the disk. */
function devicesOf(directory: string): readonly string[] {
  return NAMES.split(" ").filter((name) => {
    const stat: Stats | undefined = lstatSync(join(directory, "d", name), { throwIfNoEntry: false });
    return stat?.isCharacterDevice() || stat?.isBlockDevice();
  });
}

/** Runs a step, which has to go well, and returns its last lines. */
async function seen(rig: SandboxRig, command: string, lowers: readonly string[], count: number): Promise<readonly string[]> {
  const { exit, out, err } = await rig.run(command, { lowers });
  assert.deepEqual(exit, ok, err);
  return last(out, count);
}

export const devices: readonly Case[] = [
  {
    name: "devices: nodes are made, changed, moved, linked and removed, and seen in the next step; none is on the disk",
    async run(rig) {
      const first = await rig.run(`${MAKE}; ${LOOK} ${NAMES}`);
      assert.deepEqual([first.exit, last(first.out, MADE.length)], [ok, MADE], first.err);
      assert.deepEqual(devicesOf(first.upper), []);
      const lowers = [rig.rootfs, first.upper];
      assert.deepEqual(await seen(rig, `cd /d; ${LOOK} ${NAMES}`, lowers, MADE.length), MADE, "in the next step");
      const later = await rig.run("cd /d; chown 33:34 b; chmod 666 c; rm new; mv big bigger; stat -c '%a %u:%g' b c", { lowers });
      assert.deepEqual([later.exit, last(later.out, 2)], [ok, ["600 33:34", "666 0:0"]], later.err);
      const top = [...lowers, later.upper];
      assert.deepEqual(await seen(rig, "cd /d; stat -c '%t:%T %a %u:%g' b bigger c; ls | wc -l", top, 4), [
        "8:1 600 33:34",
        "1ff:fffff 644 0:0",
        "1:3 666 0:0",
        "8",
      ]);
    },
  },
  {
    name: "devices: nothing opens one, and it stays what it is",
    async run(rig) {
      const tries = [
        "cat /c",
        "echo x >/c",
        "echo x >>/c",
        "dd if=/dev/zero of=/c count=1",
        "cp /c /copy",
        "head -c1 </b",
        "(cd /; cat ./c)",
        "cat /l",
      ];
      const make = "mknod /c c 1 3; mknod /b b 8 0; ln -s c /l";
      const loop = tries.join("; ");
      const first = await rig.run(
        `${make}; (${loop}) 2>&1 | grep -c 'No such device or address'; ${LOOK} /c; echo x | tee /c >/dev/null; mknod /c c 1 5; true`,
      );
      assert.deepEqual(last(first.out, 2), [`${tries.length}`, "character special file 1:3 644 0:0 1 0 /c"], first.err);
      assert.match(first.err, /mknod: \/c: File exists\n$/);
      const again = await rig.run(`(${loop}) 2>&1 | grep -c 'No such device or address'`, { lowers: [rig.rootfs, first.upper] });
      assert.equal(again.out, `${tries.length}\n`, again.err);
    },
  },
  {
    name: "devices: only root makes them, and not in mounts, where no layer has them",
    async run(rig) {
      const tries = ["mknod /tmp/c c 1 3", "mknod /dev/c c 1 3", "mknod /dev/shm/c c 1 3", "mknod /cache/c c 1 3"];
      const mounts = [{ type: "bind" as const, source: rig.directory("cache"), dest: "/cache", readonly: false }];
      const refused = await rig.run(`${tries.slice(1).join("; ")}; true`, { mounts });
      assert.equal(refused.err.match(/Operation not permitted/g)?.length, 3, refused.err);
      for (const user of ["www", "33:0"]) {
        const { err } = await rig.run(`${tries[0]}; ls /tmp`, { user });
        assert.match(err, /mknod: \/tmp\/c: Operation not permitted\n/, user);
      }
      const within = await rig.run(
        `mknod /tmp/mine c 1 3; su www -s /bin/sh -c '${tries[0]}; chmod 666 /tmp/mine; chown 33 /tmp/mine'; stat -c '%a %u' /tmp/*`,
      );
      assert.deepEqual(last(within.out, 1), ["644 0"], within.err);
    },
  },
];
