import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import { busyboxSuite, gone, withRig } from "../../support/images/busybox-suite.js";
import { ISOLATION } from "../../support/images/plain-steps.js";
import type { Rig } from "../../support/rigs/rig.js";
import { notInstalled } from "../../support/requires.js";

const { requiring, host } = busyboxSuite();

/** Copies a program of this machine with the libraries it needs below a directory. */
function withLibraries(program: string, directory: string): void {
  const { stdout } = spawnSync("ldd", [program], { encoding: "utf8" });
  for (const file of [program, ...[...stdout.matchAll(/(\/\S+) \(0x/g)].map(([, path]) => path as string)]) {
    mkdirSync(join(directory, dirname(file)), { recursive: true });
    copyFileSync(file, join(directory, file));
    chmodSync(join(directory, file), 0o755);
  }
}

const DOCKERFILE = `ARG REGISTRY
FROM $REGISTRY/busybox
COPY root /
RUN --mount=type=ssh ssh-add -L && stat -c "%u:%g %a" $SSH_AUTH_SOCK && ! ssh-add -D
RUN --mount=type=ssh,id=other,uid=1000,gid=50,mode=0660,target=/run/agent stat -c "%u:%g %a" /run/agent && SSH_AUTH_SOCK=/run/agent ssh-add -L
USER 1000
RUN --mount=type=ssh,uid=1000 ssh-add -L | cut -d" " -f3
USER 0
RUN --mount=type=ssh,id=optional echo "[$SSH_AUTH_SOCK]"; [ ! -e /run ]
`;

function prepared(rig: Rig): string {
  const context = rig.context("context", { Dockerfile: DOCKERFILE });
  withLibraries("/usr/bin/ssh-add", join(context, "root"));
  rig.context("context/root", { "etc/passwd": "root:x:0:0::/root:/bin/sh\nuser:x:1000:50::/:/bin/sh\n" });
  for (const name of ["one", "two"]) spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", rig.path(name)]);
  spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "secret", "-C", "locked", "-f", rig.path("locked")]);
  return context;
}

const build = (rig: Rig, context: string, args: readonly string[]) =>
  rig.cli(["build", "--progress=plain", "--build-arg", `REGISTRY=${host()}`, "-o", "type=cacheonly", ...args, context]);

function printed(stderr: string): readonly string[] {
  return stderr
    .split("\n")
    .filter((line) => /^#\d+ \d+\.\d+ /.test(line))
    .map((line) => line.replace(/^#\d+ \S+ /, ""))
    .filter((line) => !ISOLATION.test(line))
    .map((line) => line.replace(/^(ssh-ed25519) \S+ /, "$1 "));
}

async function refused(t: ExecutionContext, rig: Rig, context: string, args: readonly string[], message: RegExp): Promise<void> {
  const { code, stderr } = await build(rig, context, args);
  t.is(code, 1, stderr);
  t.regex(stderr, message);
  t.deepEqual(rig.leftovers(), []);
}

/** Returns the reason where this user has no name, without which OpenSSH makes no keys. */
function withoutName(): string | undefined {
  return spawnSync("id", ["-un"], { stdio: "ignore" }).status === 0 ? undefined : "this user has no name, which OpenSSH needs";
}

const withTools = requiring(withoutName(), existsSync("/usr/bin/ssh-agent") ? undefined : notInstalled("openssh-client"));

withTools("steps ask agents of keys, and agents that run already; they cannot change them", async (t) => {
  await withRig(async (rig) => {
    const context = prepared(rig);
    const agent = spawnSync("ssh-agent", ["-a", rig.path("agent.sock"), "-s"], { encoding: "utf8" });
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(agent.stdout)?.[1]);
    try {
      spawnSync("ssh-add", ["-q", rig.path("two")], { env: { ...process.env, SSH_AUTH_SOCK: rig.path("agent.sock") } });
      const built = await build(rig, context, ["--ssh", `default=${rig.path("one")}`, "--ssh", `other=${rig.path("agent.sock")}`]);
      t.is(built.code, 0, built.stderr);
      t.deepEqual(printed(built.stderr), [
        "ssh-ed25519 one",
        "0:0 600",
        "Failed to remove all identities.",
        "1000:50 660",
        "ssh-ed25519 two",
        "one",
        "[/run/buildkit/ssh_agent.0]",
      ]);
    } finally {
      process.kill(pid);
    }
    t.deepEqual(await gone(rig), []);
    const { stdout } = spawnSync("ssh-add", ["-L"], { env: { ...process.env, SSH_AUTH_SOCK: rig.path("agent.sock") }, encoding: "utf8" });
    t.is(stdout, "", "the agent has ended");
  });
});

withTools("what is missing is said before anything runs, or by the step that needs it", async (t) => {
  await withRig(async (rig) => {
    const context = prepared(rig);
    await refused(t, rig, context, ["--ssh", `default=${rig.path("nothing")}`], /error\[ssh\/key-unreadable\].*nothing/);
    await refused(t, rig, context, ["--ssh", `default=${rig.path("locked")}`], /error\[ssh\/agent-failed\]: .*ssh-add said/);
    rig.context("context", { Dockerfile: DOCKERFILE.replace("type=ssh,id=optional", "type=ssh,required=true,id=absent") });
    await refused(
      t,
      rig,
      context,
      ["--ssh", `default=${rig.path("one")}`, "--ssh", `other=${rig.path("two")}`],
      /error\[build\/ssh-not-found\]: .*"absent"/,
    );
  });
});

withTools("a Git repository over SSH is read with the default agent", async (t) => {
  await withRig(async (rig) => {
    const repository = rig.context("repository", { "file.txt": "from git" });
    const git = (...args: readonly string[]) => {
      const identity = ["-c", "user.name=n", "-c", "user.email=e@x", "-c", "init.defaultBranch=main", "-c", "safe.directory=*"];
      const { status, stderr } = spawnSync("git", [...identity, ...args], { cwd: repository, encoding: "utf8" });
      t.is(status, 0, stderr);
    };
    git("init", "-q");
    git("add", ".");
    git("commit", "-qm", "first");
    spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "one", "-f", rig.path("one")]);
    // Program that git starts to reach the server. It prints its keys, then does the server's work
    // here.
    const ssh = `#!/bin/sh\nssh-add -L > ${rig.path("keys")}\nfor last; do :; done\nexec sh -c "$last"\n`;
    rig.context("bin", { ssh });
    chmodSync(rig.path("bin", "ssh"), 0o755);
    const context = rig.context("context", { Dockerfile: `FROM scratch\nADD git@example.test:${repository} /\n` });
    const args = ["--ssh", `default=${rig.path("one")}`, "-o", `type=local,dest=${rig.path("out")}`, context];
    const built = await rig.cli(["build", "--progress=plain", ...args], { env: { PATH: `${rig.path("bin")}:${process.env["PATH"]}` } });
    t.is(built.code, 0, built.stderr);
    t.is(rig.bytes("out/file.txt").toString(), "from git");
    t.regex(rig.bytes("keys").toString(), /^ssh-ed25519 \S+ one\n$/);
    t.deepEqual(rig.leftovers(), []);
  });
});
