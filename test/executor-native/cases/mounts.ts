import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SandboxMount } from "../../../executor-native/contract.js";
import { tree } from "../../support/rigs/sandbox-rig.js";
import { llistxattr } from "../../../core/system/posix.js";
import { type Case, failsWith, ok, secret, withoutNamespaces } from "./case.js";

/** Layers and mounts, and what of them ends up in the upper directory. */
export const mounts: readonly Case[] = [
  {
    name: "mounts of every type",
    run: async (rig) => {
      const source = rig.directory();
      writeFileSync(join(source, "f"), "bound");
      const one = rig.directory();
      const two = rig.directory();
      mkdirSync(join(one, "sub"));
      writeFileSync(join(one, "sub/a"), "a1");
      writeFileSync(join(one, "sub/b"), "b1");
      mkdirSync(join(two, "sub"));
      writeFileSync(join(two, "sub/b"), "b2");
      symlinkSync("/sub", join(two, "link"));
      const { exit, out, err, upper } = await rig.run(
        [
          "cat /bound/f; echo new > /bound/g; cat /ro/f; touch /ro/x 2>/dev/null",
          "cat /merged/a /merged/b; touch /merged/x 2>/dev/null",
          "echo gone > /scratch/b; cat /scratch/b; cat /single /single-dir/a",
          "echo t > /t/f; cat /t/f; touch /t-ro/x 2>/dev/null",
          "cat /run/secrets/token; stat -c '%a %u %g' /run/secrets/token; touch /run/secrets/token 2>/dev/null",
          "ls -A /nothing | wc -l; cat /cache/inner/f; true",
        ].join("; echo; "),
        {
          mounts: [
            { type: "bind", source, dest: "/bound", readonly: false },
            { type: "bind", source, dest: "/ro", readonly: true },
            { type: "overlay", lowers: [one, two], selector: "/link", dest: "/merged", readonly: true },
            { type: "overlay", lowers: [one, two], selector: "sub", dest: "/scratch", readonly: false },
            { type: "overlay", lowers: [one, two], selector: "/sub/b", dest: "/single", readonly: true },
            { type: "overlay", lowers: [one], selector: "/sub", dest: "/single-dir", readonly: true },
            { type: "overlay", lowers: [], selector: "/", dest: "/nothing", readonly: false },
            { type: "tmpfs", dest: "/t", size: 1 << 20, readonly: false },
            { type: "tmpfs", dest: "/t-ro", size: 0, readonly: true },
            { type: "file", dest: "/run/secrets/token", data: Buffer.from("s\0t").toString("base64"), uid: 33, gid: 34, mode: 0o440 },
            { type: "tmpfs", dest: "/cache", size: 0, readonly: false },
            { type: "bind", source, dest: "/cache/inner", readonly: true },
          ],
        },
      );
      assert.deepEqual(exit, ok, err);
      assert.equal(out, "boundbound\na1b2\ngone\nb2a1\nt\n\ns\0t440 33 34\n\n0\nbound");
      assert.equal(readFileSync(join(source, "g"), "utf8"), "new\n");
      assert.equal(readFileSync(join(two, "sub/b"), "utf8"), "b2");
      assert.deepEqual([tree(source), tree(one), tree(upper)], [["f", "g"], ["sub/", "sub/a", "sub/b"], []]);
    },
  },
  {
    name: "read-only mounts refuse changes",
    differs: withoutNamespaces("read-only mounts"),
    run: async (rig) => {
      const source = rig.directory();
      const { out } = await rig.run("for d in /bound /merged /empty; do touch $d/x 2>/dev/null && echo $d; done; touch /secret", {
        mounts: [
          { type: "bind", source, dest: "/bound", readonly: true },
          { type: "overlay", lowers: [source], selector: "/", dest: "/merged", readonly: true },
          { type: "tmpfs", dest: "/empty", size: 0, readonly: true },
          secret("/secret", ""),
        ],
      });
      assert.equal(out, "");
    },
  },
  {
    name: "mounts that cannot be made are named",
    run: async (rig) => {
      const source = rig.directory();
      const error = await failsWith(
        "exec/mount-source",
        rig.run("true", { mounts: [{ type: "overlay", lowers: [source], selector: "/not/there", dest: "/m", readonly: true }] }),
      );
      assert.match(error.message, /"\/not\/there".*"\/m"/);
      await failsWith("exec/mount-source", rig.run("true", { mounts: [{ type: "bind", source: "/no/such", dest: "/m", readonly: true }] }));
      await failsWith("exec/mount-point", rig.run("true", { mounts: [{ type: "bind", source, dest: "/etc/passwd", readonly: true }] }));
      await failsWith("exec/mount-point", rig.run("true", { mounts: [{ type: "bind", source, dest: "/", readonly: true }] }));
    },
  },
  {
    name: "a step that changes nothing leaves nothing, and a fresh look at its parents",
    run: async (rig) => {
      const layer = rig.directory();
      mkdirSync(join(layer, "opt"), { mode: 0o750 });
      utimesSync(join(layer, "opt"), 1000, 1000);
      const { out, upper } = await rig.run("stat -c '%a %Y' /opt; ls -A /opt", {
        lowers: [rig.rootfs, layer],
        mounts: [{ type: "tmpfs", dest: "/opt/deep/er", size: 0, readonly: false }, secret("/opt/f", "x")],
      });
      assert.equal(out, "750 1000\ndeep\nf\n");
      assert.deepEqual(tree(upper), []);
      const written = await rig.run("echo > /opt/mine", { lowers: [rig.rootfs, layer], mounts: [secret("/opt/f", "x")] });
      assert.deepEqual(tree(written.upper), ["opt/", "opt/mine"]);
      assert.equal(statSync(join(written.upper, "opt")).mode & 0o777, 0o750);
    },
  },
  {
    name: "whiteouts and opaque directories",
    run: async (rig) => {
      const layer = rig.directory();
      mkdirSync(join(layer, "a/b"), { recursive: true });
      writeFileSync(join(layer, "a/f"), "");
      writeFileSync(join(layer, "a/b/g"), "");
      const lowers = [rig.rootfs, layer];
      const { upper } = await rig.run("rm /a/f; rm -r /a/b; mkdir /a/b; touch /a/b/new", { lowers });
      const whiteout = lstatSync(join(upper, "a/f"));
      if (rig.worker.copiesRoots) assert.deepEqual(llistxattr(join(upper, "a/f")), ["user.overlay.whiteout"]);
      else assert.ok(whiteout.isCharacterDevice() && whiteout.rdev === 0);
      assert.deepEqual(tree(upper), ["a/", "a/b/", "a/b/new", "a/f"]);
      assert.equal((await rig.run("ls /a /a/b", { lowers: [...lowers, upper] })).out, "/a:\nb\n\n/a/b:\nnew\n");
    },
  },
  {
    name: "the changes of a command that failed, also where its root is a copy",
    run: async (rig) => {
      for (const [keepFailed, isHere] of [
        [true, true],
        [false, !rig.worker.copiesRoots],
      ] as const) {
        const { exit, upper } = await rig.run("echo > /made; exit 3", { keepFailed });
        assert.deepEqual(exit, { code: 3, ...(keepFailed && rig.worker.copiesRoots && { kept: true }) });
        assert.deepEqual(tree(upper), isHere ? ["made"] : []);
      }
      assert.equal((await rig.run("ls /made || echo none")).out, "none\n");
    },
  },
  {
    name: "an empty root (scratch) with a static program from a mount",
    run: async (rig) => {
      const busybox: SandboxMount = { type: "bind", source: join(rig.rootfs, "bin/busybox"), dest: "/busybox", readonly: true };
      const { exit, upper } = await rig.run(["/busybox", "touch", "/made"], { lowers: [], mounts: [busybox] });
      assert.deepEqual(exit, ok);
      assert.deepEqual(tree(upper), ["made"]);
    },
  },
  {
    name: "130 layers with long paths",
    run: async (rig) => {
      const place = rig.directory("x".repeat(100));
      const layers = Array.from({ length: 130 }, (_, i) => {
        const layer = join(place, `${"layer,:\\".repeat(8)}${i}`);
        mkdirSync(layer);
        writeFileSync(join(layer, `f${i}`), "");
        writeFileSync(join(layer, "who"), String(i));
        return layer;
      });
      const { out } = await rig.run("ls /f* | wc -l; cat /who", { lowers: [rig.rootfs, ...layers] });
      assert.equal(out, "130\n129");
    },
  },
  {
    name: "work directories are removed, and nothing stays mounted",
    run: async (rig) => {
      const work = () => readdirSync(rig.base).filter((name) => name.startsWith("work"));
      const before = work();
      await rig.run("touch /x");
      assert.deepEqual(work(), before);
      assert.ok(!readFileSync("/proc/self/mountinfo", "utf8").includes(rig.base));
    },
  },
];
