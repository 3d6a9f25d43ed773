import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CanceledError, TsbuildError } from "../../core/errors.js";
import type { SandboxMount } from "../../executor-native/contract.js";
import { helperPath } from "../../executor-native/helper-path.js";
import { makeRootfs, processesWith, type SandboxRig, tree } from "../support/sandbox-rig.js";

export interface Case {
  readonly name: string;
  readonly run: (rig: SandboxRig) => Promise<void>;
}

const ok = { code: 0 };

/** Asserts that `action` fails with a TsbuildError of this code; returns it. */
async function failsWith(code: string, action: Promise<unknown>): Promise<TsbuildError> {
  const error = await action.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof TsbuildError, `expected a TsbuildError, got ${String(error)}`);
  assert.equal(error.code, code, error.message);
  return error;
}

function file(dest: string, text: string): SandboxMount {
  return { type: "file", dest, data: Buffer.from(text).toString("base64"), uid: 0, gid: 0, mode: 0o400 };
}

const basics: readonly Case[] = [
  {
    name: "environment, working directory, host name, umask, input",
    run: async (rig) => {
      const { out, exit, upper } = await rig.run('echo "$A|$HOME|$PWD|$(hostname)|$(umask)|$(wc -c)|$(cat /etc/hosts /etc/resolv.conf)"', {
        env: ["PATH=/bin", "A=x y"],
        cwd: "/srv/app",
        hostname: "builder",
      });
      assert.deepEqual(exit, ok);
      assert.equal(out, "x y|/root|/srv/app|builder|0022|0|127.0.0.1 localhost\nnameserver 192.0.2.1\n");
      assert.deepEqual(tree(upper), ["srv/", "srv/app/"]);
      assert.equal(statSync(join(upper, "srv/app")).mode & 0o7777, 0o755);
      assert.equal((await rig.run("echo $HOME", { env: ["PATH=/bin", "HOME=/mine"] })).out, "/mine\n");
    },
  },
  {
    name: "users",
    run: async (rig) => {
      const id = "id -u; id -g; id -G; echo $HOME";
      const table: readonly (readonly [user: string, expected: string])[] = [
        ["", "0 0 0 50 /root"],
        ["root", "0 0 0 50 /root"],
        ["www", "33 34 34 50 51 /var/www"],
        ["33", "33 34 34 50 51 /var/www"],
        ["www:mail", "33 51 51 /var/www"],
        ["www:0", "33 0 0 /var/www"],
        ["bare", "44 45 45 /"],
        ["4321", "4321 0 0 /"],
        ["4321:1234", "4321 1234 1234 /"],
        ["4321:logs", "4321 50 50 /"],
      ];
      for (const [user, expected] of table) assert.equal((await rig.run(id, { user })).out.trim().replaceAll("\n", " "), expected, user);
      const unknown = await failsWith("exec/unknown-user", rig.run("true", { user: "nobodyhere" }));
      assert.match(unknown.message, /"nobodyhere"/);
      assert.match((await failsWith("exec/unknown-group", rig.run("true", { user: "www:nogroup" }))).message, /"nogroup"/);
    },
  },
  {
    name: "exit codes and signals",
    run: async (rig) => {
      assert.deepEqual((await rig.run("exit 3")).exit, { code: 3 });
      assert.deepEqual((await rig.run("kill -9 $$")).exit, { signal: "SIGKILL" });
      assert.deepEqual((await rig.run("kill -TERM $$")).exit, { signal: "SIGTERM" });
    },
  },
  {
    name: "commands that cannot be started",
    run: async (rig) => {
      const layer = rig.directory();
      writeFileSync(join(layer, "plain"), "text", { mode: 0o644 });
      writeFileSync(join(layer, "script"), "#!/no/such/shell\n", { mode: 0o755 });
      writeFileSync(join(layer, "garbage"), "\x7fELF?", { mode: 0o755 });
      const table: readonly (readonly [command: string, code: number, message: RegExp])[] = [
        ["nosuch", 127, /"nosuch": executable file not found in \$PATH/],
        ["/no/such", 127, /"\/no\/such": No such file or directory/],
        ["/plain", 126, /"\/plain": Permission denied/],
        ["/etc", 126, /"\/etc": Permission denied/],
        ["/script", 127, /"\/script": the interpreter/],
        ["/garbage", 126, /"\/garbage": Exec format error/],
      ];
      for (const [command, code, message] of table) {
        const ran = await rig.run([command], { lowers: [rig.rootfs, layer] });
        assert.deepEqual(ran.exit, { code }, command);
        assert.match(ran.err, message);
      }
    },
  },
  {
    name: "output arrives while the command runs, on its own stream",
    run: async (rig) => {
      const shared = rig.directory();
      execFileSync("mkfifo", [join(shared, "go")]);
      const seen: string[] = [];
      const { exit } = await rig.run("echo one; echo two >&2; read x < /shared/go; echo $x", {
        mounts: [{ type: "bind", source: shared, dest: "/shared", readonly: false }],
        onOutput: (stream, data) => {
          seen.push(`${stream}:${Buffer.from(data)}`);
          if (seen.length === 2) writeFileSync(join(shared, "go"), "three\n");
        },
      });
      assert.deepEqual(exit, ok);
      assert.deepEqual(seen.slice(0, 2).sort(), ["stderr:two\n", "stdout:one\n"]);
      assert.equal(seen[2], "stdout:three\n");
    },
  },
  {
    name: "much output, none lost",
    run: async (rig) => {
      let size = 0;
      await rig.run("dd if=/dev/zero bs=1M count=64 2>/dev/null", {
        onOutput: (_stream, data) => {
          size += data.length;
        },
      });
      assert.equal(size, 64 << 20);
    },
  },
  {
    name: "output can be opened by name, also by another user",
    run: async (rig) => {
      const ran = await rig.run("echo a > /dev/stdout; echo b > /dev/stderr; echo c > /proc/self/fd/1; readlink /proc/self/fd/0", {
        user: "www",
      });
      assert.equal(ran.out, "a\nc\n/dev/null\n");
      assert.equal(ran.err, "b\n");
    },
  },
  {
    name: "limits and shared memory",
    run: async (rig) => {
      const options = { shmSize: 1 << 20, ulimits: [{ name: "nofile", soft: 100, hard: 200 }] };
      const { out } = await rig.run("ulimit -Sn; ulimit -Hn; df -k /dev/shm | tail -1 | awk '{print $2}'", options);
      assert.equal(out, "100\n200\n1024\n");
      await failsWith("exec/unknown-ulimit", rig.run("true", { ulimits: [{ name: "nosuch", soft: 1, hard: 1 }] }));
      assert.ok(Number((await rig.run("ulimit -n")).out) <= 65536);
    },
  },
];

const isolation: readonly Case[] = [
  {
    name: "capabilities and seccomp are Docker's",
    run: async (rig) => {
      const status = "grep -E '^(CapPrm|CapEff|CapBnd|CapInh|CapAmb|NoNewPrivs|Seccomp):' /proc/self/status | tr -s '\\t\\n' '  '";
      assert.equal(
        (await rig.run(status)).out.trim(),
        "CapInh: 0000000000000000 CapPrm: 00000000a80425fb CapEff: 00000000a80425fb CapBnd: 00000000a80425fb CapAmb: 0000000000000000 NoNewPrivs: 0 Seccomp: 2",
      );
      assert.equal(
        (await rig.run(status, { user: "www" })).out.trim(),
        "CapInh: 0000000000000000 CapPrm: 0000000000000000 CapEff: 0000000000000000 CapBnd: 00000000a80425fb CapAmb: 0000000000000000 NoNewPrivs: 0 Seccomp: 2",
      );
      const insecure = (await rig.run(status, { security: "insecure" })).out;
      assert.match(insecure, /CapEff: 000001ffffffffff.*Seccomp: 0/);
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
        "mknod /x b 8 0",
        "mknod /x c 1 3",
        "echo x > /proc/sys/kernel/domainname",
        "echo h > /proc/sysrq-trigger",
        "mkdir /sys/fs/cgroup/x",
        "echo x > /etc/hosts",
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
    name: "what a step may do",
    run: async (rig) => {
      for (const command of [
        "touch /f && chown 1:2 /f && chown 65534:65534 /f && chmod 6755 /f",
        "mkfifo /p && mkdir -p /jail/bin && cp /bin/busybox /jail/bin && chroot /jail /bin/busybox true",
        "echo x > /dev/null && head -c 4 /dev/urandom >/dev/null && test -w /dev/shm && test -d /dev/pts",
        "ls -l /dev/fd/0 && test -c /dev/ptmx && script -qc true /dev/null || true",
        "su www -s /bin/sh -c 'test $(id -u) = 33'",
      ]) {
        const { exit, err } = await rig.run(command);
        assert.deepEqual(exit, ok, `${command}: ${err}`);
      }
    },
  },
  {
    name: "setuid programs work",
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
    name: "processes: own numbers, nothing of the host, none left behind",
    run: async (rig) => {
      const { out } = await rig.run("ls -d /proc/[0-9]* | wc -l; sleep 98761 & sleep 98761 & exit 0");
      assert.ok(Number(out) < 8, out);
      assert.equal((await rig.run("ls /proc/self/fd; cat /proc/self/cgroup | grep -v ':/$'")).out, "0\n1\n2\n3\n");
      assert.deepEqual(processesWith("98761"), []);
    },
  },
  {
    name: "network none has loopback only; host has more than a name",
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
        mounts: [file("/srv/x/secret", "s"), { type: "tmpfs", dest: "/loop/../../t", size: 0, readonly: false }],
        cwd: "/srv/work",
      });
      assert.deepEqual(exit, ok, err);
      assert.deepEqual(readdirSync(victim), []);
      assert.equal(tree(rootfs).length, before);
      assert.deepEqual(tree(upper).at(-1), `${victim.slice(1)}/work/`);

      const circular = rig.directory();
      symlinkSync("b", join(circular, "a"));
      symlinkSync("a", join(circular, "b"));
      await failsWith("exec/mount-point", rig.run("true", { lowers: [rig.rootfs, circular], mounts: [file("/a/x", "")] }));
      const fifo = rig.directory();
      mkdirSync(join(fifo, "etc"));
      execFileSync("mkfifo", [join(fifo, "etc/passwd")]);
      await failsWith("exec/unknown-user", rig.run("true", { lowers: [rig.rootfs, fifo], user: "www" }));
    },
  },
];

const mounts: readonly Case[] = [
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
          "cat /bound/f; echo new > /bound/g; cat /ro/f; touch /ro/x 2>/dev/null && echo WRITTEN",
          "cat /merged/a /merged/b; touch /merged/x 2>/dev/null && echo WRITTEN",
          "echo gone > /scratch/b; cat /scratch/b; cat /single /single-dir/a",
          "echo t > /t/f; cat /t/f; touch /t-ro/x 2>/dev/null && echo WRITTEN",
          "cat /run/secrets/token; stat -c '%a %u %g' /run/secrets/token; touch /run/secrets/token 2>/dev/null && echo WRITTEN",
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
      assert.deepEqual(tree(upper), []);
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
        mounts: [{ type: "tmpfs", dest: "/opt/deep/er", size: 0, readonly: false }, file("/opt/f", "x")],
      });
      assert.equal(out, "750 1000\ndeep\nf\n");
      assert.deepEqual(tree(upper), []);
      const written = await rig.run("echo > /opt/mine", { lowers: [rig.rootfs, layer], mounts: [file("/opt/f", "x")] });
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
      assert.ok(whiteout.isCharacterDevice() && whiteout.rdev === 0);
      assert.deepEqual(tree(upper), ["a/", "a/b/", "a/b/new", "a/f"]);
      assert.equal((await rig.run("ls /a /a/b", { lowers: [...lowers, upper] })).out, "/a:\nb\n\n/a/b:\nnew\n");
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
      await rig.run("touch /x");
      assert.deepEqual(
        readdirSync(rig.base).filter((name) => name.startsWith("work")),
        [],
      );
      assert.ok(!readFileSync("/proc/self/mountinfo", "utf8").includes(rig.base));
    },
  },
];

const ends: readonly Case[] = [
  {
    name: "abort kills every process and then rejects",
    run: async (rig) => {
      const abort = new AbortController();
      const command = "trap '' TERM INT HUP; (trap '' TERM; sleep 98762) & setsid sleep 98762 & echo up; while true; do sleep 98762; done";
      const running = rig.run(command, { signal: abort.signal, onOutput: () => abort.abort() });
      await assert.rejects(running, CanceledError);
      assert.deepEqual(processesWith("98762"), []);
      await assert.rejects(rig.run("true", { signal: abort.signal }), CanceledError);
    },
  },
  {
    name: "abort while the command floods its output",
    run: async (rig) => {
      const abort = new AbortController();
      let size = 0;
      const running = rig.run("yes 98763", {
        signal: abort.signal,
        onOutput: (_stream, data) => {
          size += data.length;
          if (size > 1 << 22) abort.abort();
        },
      });
      await assert.rejects(running, CanceledError);
      assert.deepEqual(processesWith("98763"), []);
    },
  },
  {
    name: "an abort reason that is an error of ours is what rejects",
    run: async (rig) => {
      const abort = new AbortController();
      const reason = new TsbuildError("test/reason", "Another step failed");
      const running = rig.run("echo up; sleep 98764", { signal: abort.signal, onOutput: () => abort.abort(reason) });
      await assert.rejects(running, reason);
    },
  },
  {
    name: "twelve at once",
    run: async (rig) => {
      const ran = await Promise.all(Array.from({ length: 12 }, (_, i) => rig.run(`echo ${i} > /f; cat /f; exit ${i}`)));
      assert.deepEqual(
        ran.map(({ exit, out }) => [exit, out]),
        ran.map((_, i) => [{ code: i }, `${i}\n`]),
      );
    },
  },
  {
    name: "trees of other owners without permissions are removed",
    run: async (rig) => {
      const { upper } = await rig.run(
        "mkdir -p /d/e/f && touch /d/e/f/g && chown -R 1234:4321 /d && chmod 000 /d/e/f /d/e /d; i=0; while [ $i -lt 600 ]; do mkdir -p deeeeep && cd deeeeep; i=$((i+1)); done",
      );
      await rig.worker.remove([upper, join(rig.base, "never-was")]);
      assert.ok(!existsSync(upper));
    },
  },
];

const connection: readonly Case[] = [
  {
    name: "tasks: results, progress, errors, abort, a runner for the others",
    run: async ({ worker }) => {
      assert.deepEqual(await worker.task("echo", { a: [1, "x", new Uint8Array([1, 2])], m: new Map([[1, 2n]]) }), {
        a: [1, "x", new Uint8Array([1, 2])],
        m: new Map([[1, 2n]]),
      });
      assert.equal((await worker.task<{ uid: number }>("ids", undefined)).uid, 0);
      const seen: unknown[] = [];
      assert.equal(await worker.task("count", { to: 3 }, { onProgress: (value) => seen.push(value) }), 3);
      assert.deepEqual(seen, [1, 2, 3]);
      const error = await failsWith("test/failed", worker.task("fail", { kind: "user" }));
      assert.equal(error.hint, "Try again");
      await assert.rejects(worker.task("fail", { kind: "system" }), { code: "ENOENT" });
      const abort = new AbortController();
      const waiting = worker.task("wait", undefined, { signal: abort.signal });
      abort.abort();
      await assert.rejects(waiting, CanceledError);
      assert.deepEqual(await worker.task("other", 1), { name: "other", params: 1, elsewhere: true });
    },
  },
  {
    name: "no id range, no tool, a broken temporary directory: each is told apart",
    run: async () => {
      const empty = mkdtempSync(join(tmpdir(), "tsbuild-empty-"));
      execFileSync("rm", ["-r", empty]);
      const { probe } = await import("../../executor-native/probe.js");
      assert.deepEqual(
        probe().features.filter((feature) => !feature.ok),
        [],
      );
      const report = probe(empty);
      assert.ok(!report.ok);
      assert.match(report.features.at(-1)?.problem ?? "", /no such file/i);
    },
  },
];

/** What a worker and its sandboxes must do, whoever runs them. */
export const CASES: readonly Case[] = [...basics, ...isolation, ...mounts, ...ends, ...connection];
