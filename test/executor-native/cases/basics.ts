import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { closeSync, openSync, statSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { tree } from "../../support/rigs/sandbox-rig.js";
import { type Case, failsWith, ok, withoutNamespaces } from "./case.js";

/** Inputs and results of a step: environment, user, exit, output, limits. */
export const basics: readonly Case[] = [
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
      // Note that we hold it open, because a step without mounts has the directory itself.
      const go = openSync(join(shared, "go"), "r+");
      const seen: string[] = [];
      const { exit } = await rig.run("echo one; echo two >&2; read x < /shared/go; echo $x", {
        mounts: [{ type: "bind", source: shared, dest: "/shared", readonly: false }],
        onOutput: (stream, data) => {
          seen.push(`${stream}:${Buffer.from(data)}`);
          if (seen.length === 2) writeSync(go, "three\n");
        },
      });
      closeSync(go);
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
    name: "limits",
    run: async (rig) => {
      const { out } = await rig.run("ulimit -Sn; ulimit -Hn", { ulimits: [{ name: "nofile", soft: 100, hard: 200 }] });
      assert.equal(out, "100\n200\n");
      await failsWith("exec/unknown-ulimit", rig.run("true", { ulimits: [{ name: "nosuch", soft: 1, hard: 1 }] }));
      assert.ok(Number((await rig.run("ulimit -n")).out) <= 65536);
    },
  },
  {
    name: "the size of shared memory",
    differs: withoutNamespaces("size of a tmpfs, `--shm-size`"),
    run: async (rig) => {
      const options = { shmSize: 1 << 20 };
      const { out } = await rig.run("df -k /dev/shm | tail -1 | awk '{print $2}'", options);
      assert.equal(out, "1024\n");
      const own = [{ type: "tmpfs", dest: "/dev/shm", size: 2 << 20, readonly: false }] as const;
      const { out: replaced } = await rig.run("grep -c ' /dev/shm ' /proc/mounts; df -k /dev/shm | tail -1 | awk '{print $2}'", {
        ...options,
        mounts: own,
      });
      assert.equal(replaced, "1\n2048\n", "a mount of the step's own takes the place of the usual one");
    },
  },
];
