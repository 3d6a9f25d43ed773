import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { basename, join } from "node:path";
import { ownersFile } from "../../../core/system/owners-file.js";
import type { SandboxMount } from "../../../executor-native/contract.js";
import { helperPath } from "../../../executor-native/helper-path.js";
import { type SandboxRig, tree } from "../../support/rigs/sandbox-rig.js";
import { type Case, ok, withoutNamespaces } from "./case.js";

/** Lines of `owner mode name` as a step sees them. */
const list = (...paths: readonly string[]): string => `stat -c '%u:%g %a %n' ${paths.join(" ")}`;

/** Runs the commands in one step, looks in that step and again in the next. */
async function seenTwice(rig: SandboxRig, commands: string, look: string, expected: readonly string[], user = ""): Promise<void> {
  const first = await rig.run(`${commands}; ${look}`, { user });
  assert.deepEqual([first.exit, first.out.split("\n").slice(0, -1), first.err], [ok, expected, ""]);
  const second = await rig.run(look, { lowers: [rig.rootfs, first.upper] });
  assert.deepEqual(second.out.split("\n").slice(0, -1), expected, "in the next step");
}

/** Owners of files: the same whether ids are mapped or virtual. */
export const ownership: readonly Case[] = [
  {
    name: "owners that are given are seen, in the same step and the next",
    run: (rig) =>
      seenTwice(
        rig,
        "cd /; mkdir d; touch d/f; ln -s f d/l; mkfifo d/p; chown 33:34 d; chown 5 d/f; chgrp 6 d/f; chown -h 7:8 d/l; chown 65534 d/p; ln d/f d/hard; mv d/l d/moved",
        list("/d", "/d/f", "/d/hard", "/d/moved", "/d/p"),
        ["33:34 755 /d", "5:6 644 /d/f", "5:6 644 /d/hard", "7:8 777 /d/moved", "65534:0 644 /d/p"],
      ),
  },
  {
    name: "owners that are taken back are root's again; what is made again is not what was there",
    run: (rig) =>
      seenTwice(
        rig,
        "touch /f; ln -s x /l; ln -s x /m; chown 33:34 /f; chown -h 33:34 /l /m; chown 0:0 /f; chown -h 0:0 /l; rm /m; ln -s y /m",
        list("/f", "/l", "/m"),
        ["0:0 644 /f", "0:0 777 /l", "0:0 777 /m"],
      ),
  },
  {
    name: "files belong to the user of the step",
    run: (rig) =>
      seenTwice(
        rig,
        "cd /tmp; touch f; set -C; echo > excl; umask 077; mkdir d; mkdir -p d/e/; ln -s x l; mkfifo p; echo > d/g; cp -a d c; echo more >> f",
        `cd /tmp; ${list("f", "excl", "d", "d/e", "d/g", "l", "p", "c/g")}`,
        ["33:34 644 f", "33:34 644 excl", "33:34 700 d", "33:34 700 d/e", "33:34 600 d/g", "33:34 777 l", "33:34 600 p", "33:34 600 c/g"],
        "www",
      ),
  },
  {
    name: "files belong to whom a command of the step becomes",
    run: (rig) =>
      seenTwice(
        rig,
        "cd /tmp; su www -s /bin/sh -c 'touch f; mkdir d; ln -s x l'; su bare -s /bin/sh -c 'touch g'; touch r",
        `cd /tmp; ${list("f", "d", "l", "g", "r")}`,
        ["33:34 644 f", "33:34 755 d", "33:34 777 l", "44:45 644 g", "0:0 644 r"],
      ),
  },
  {
    name: "directories pass on their group",
    run: (rig) =>
      seenTwice(
        rig,
        "mkdir /d; chown 33:50 /d; chmod 2775 /d; touch /d/f; mkdir /d/e; touch /d/e/g; ln -s x /d/l; su www -s /bin/sh -c 'touch /d/w'",
        list("/d", "/d/f", "/d/e", "/d/e/g", "/d/l", "/d/w"),
        ["33:50 2775 /d", "0:50 644 /d/f", "0:50 2755 /d/e", "0:50 644 /d/e/g", "0:50 777 /d/l", "33:50 644 /d/w"],
      ),
  },
  {
    name: "a new owner takes set-id bits away, and only root gives files away",
    run: async (rig) => {
      await seenTwice(rig, "touch /f; chmod 6755 /f; chown 33 /f", list("/f"), ["33:0 755 /f"]);
      const tries =
        "cd /tmp; touch f; chown 44 f; chgrp 45 f; chgrp 51 f; stat -c '%u:%g' f; chown www /etc/passwd; stat -c '%u:%g' /etc/passwd";
      const { out, err } = await rig.run(tries, { user: "www" });
      assert.equal(out, `33:51\n${await ownerOf(rig, "/etc/passwd")}\n`);
      assert.equal(err.match(/Operation not permitted/g)?.length, 3, err);
    },
  },
  {
    name: "who gave up being root does not get it back",
    run: async (rig) => {
      const inside = "id -u; id -G; su bare -s /bin/sh -c id </dev/null 2>&1 | grep -c uid=44; true";
      const { out } = await rig.run(`su www -s /bin/sh -c "${inside}"; id -u`);
      assert.equal(out, "33\n34 50 51\n0\n0\n");
    },
  },
  {
    name: "changing what a lower layer has keeps its owner",
    run: async (rig) => {
      const { upper } = await rig.run("mkdir /d; echo a > /d/f; ln -s f /d/l; chown -R 33:34 /d; chown -h 33:34 /d/l");
      const look = list("/d", "/d/f", "/d/l");
      const lowers = [rig.rootfs, upper];
      const next = await rig.run(`echo b >> /d/f; chmod 700 /d; ${look}`, { lowers });
      const expected = "33:34 700 /d\n33:34 644 /d/f\n33:34 777 /d/l\n";
      assert.equal(next.out, expected, next.err);
      assert.equal((await rig.run(look, { lowers: [...lowers, next.upper] })).out, expected);
    },
  },
  {
    name: "what cannot be made is reported, not waited for",
    run: async (rig) => {
      const tries = "cd /tmp; (ulimit -n 3; touch f); mkdir no/such; mkdir /tmp; set -C; echo > /etc/passwd; touch $(printf '%0300d' 1)";
      const { err } = await rig.run(tries, { user: "www" });
      const wanted = [/too many open files|no file descriptors/i, /no such file/i, /file exists/i, /file exists/i, /name too long/i];
      const lines = err.trim().split("\n");
      assert.deepEqual([lines.length, wanted.filter((pattern, index) => !pattern.test(lines[index] ?? ""))], [wanted.length, []], err);
    },
  },
  {
    name: "whatever leads out of the root stays inside",
    run: async (rig) => {
      const own = basename(rig.base);
      const ways = [
        `mkdir ../../../../../../tmp/${own}`,
        `touch /../../tmp/${own}/a`,
        `ln -s /tmp/${own} l && touch l/b`,
        `ln -s ../../../../../tmp/${own} m && mkdir m/c`,
        `ln -s /proc/1/root r && { mkdir r/tmp/${own}/d || mkdir /tmp/${own}/d; }`,
        `chown www:web l/b`,
      ];
      const { exit, err, upper } = await rig.run(`cd /tmp; ${ways.join(" && ")}`, { user: "www" });
      assert.deepEqual(exit, ok, err);
      assert.deepEqual(tree(join(upper, "tmp")), [...["", "a", "b", "c/", "d/"].map((name) => `${own}/${name}`), "l", "m", "r"].sort());
      // The base of this rig on the host has no files of the step.
      assert.deepEqual(
        ["a", "b", "c", "d"].filter((name) => existsSync(join(rig.base, name))),
        [],
      );
    },
  },
  {
    name: "a command that asks for nothing ends before anybody has looked",
    run: async (rig) => {
      // A static program that only prints its usage. By chance some of 30 are gone when the
      // supervisor comes.
      const mounts: SandboxMount[] = [{ type: "bind", source: helperPath(), dest: "/tool", readonly: true }];
      for (let i = 0; i < 30; i++) assert.deepEqual((await rig.run(["/tool"], { mounts })).exit, { code: 125 });
    },
  },
  {
    name: "a step without limits has owners on what it mounts itself",
    differs: withoutNamespaces("`security=insecure`"),
    run: async (rig) => {
      const use = "touch /m/f; chown 5:6 /m/f; su www -s /bin/sh -c 'mkdir /m/d'; stat -c '%u:%g %n' /m/f /m/d";
      const command = `mkdir /m; mount -t tmpfs t /m && ${use}; unshare -m sh -c "mount -t tmpfs t /m && ${use}"`;
      const { exit, out, err } = await rig.run(command, { security: "insecure" });
      assert.deepEqual([exit, out.split("\n"), err], [ok, ["5:6 /m/f", "33:34 /m/d", "5:6 /m/f", "33:34 /m/d", ""], ""]);
    },
  },
  {
    name: "many at once, each process with its own ids",
    run: async (rig) => {
      const jobs =
        "for u in www bare www bare; do for i in 1 2 3 4 5; do su $u -s /bin/sh -c 'id -u; touch /tmp/$USER-$$' & done; done; wait";
      const { out, upper } = await rig.run(`(${jobs}) | sort | uniq -c | tr -s ' '`);
      assert.equal(out, " 10 33\n 10 44\n");
      const owners = await rig.run(
        "for f in /tmp/*-*; do stat -c '%u %n' $f; done | sed 's|/tmp/||; s|-.*||' | sort | uniq -c | tr -s ' '",
        {
          lowers: [rig.rootfs, upper],
        },
      );
      assert.equal(owners.out, " 10 33 www\n 10 44 bare\n");
    },
  },
  {
    name: "a step whose owners cannot be written down has failed, whatever its command says",
    async run(rig) {
      if (!rig.virtual) return;
      const rootfs = { lowers: [rig.rootfs], upper: rig.directory("upper"), work: rig.directory("work") };
      mkdirSync(ownersFile(rootfs.upper));
      // They are written when no process is left: after the command has reported how it ended.
      await assert.rejects(rig.run("ln -s x /l; chown -h 1:2 /l; sleep 60 &", { rootfs }), { code: "exec/owners" });
    },
  },
];

async function ownerOf(rig: SandboxRig, path: string): Promise<string> {
  return (await rig.run(`stat -c '%u:%g' ${path}`)).out.trim();
}
