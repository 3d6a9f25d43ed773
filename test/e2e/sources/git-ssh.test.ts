import { spawnSync } from "node:child_process";
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import { withRig } from "../../support/images/busybox-suite.js";
import { git, makeRepository } from "../../support/servers/git-server.js";
import { notInstalled, requires, withoutName, withoutProgram } from "../../support/requires.js";
import type { Ended, Rig } from "../../support/rigs/rig.js";

const lacking = [withoutProgram("git"), notInstalled(existsSync("/usr/bin/ssh-agent") ? undefined : "openssh-client")];
const run = requires(...lacking).serial;
/** OpenSSH makes no keys for a user without a name. */
const runWithKeys = requires(...lacking, withoutName()).serial;

/**
 * Program that git starts to reach the server. It records its call, takes the keys that a server
 * would be offered, and then does the server's work here.
 */
const SSH = `#!/bin/sh
printf '%s\\n' "$*" "agent=$SSH_AUTH_SOCK" >>"$0.log"
case "$*" in
*IdentityAgent=none*) key= ;;
*IdentityFile=none*) key=$(ssh-add -L 2>/dev/null) || key= ;;
*) key=own ;;
esac
[ "$key" ] || { echo 'git@example.test: Permission denied (publickey).' >&2; exit 255; }
for last; do :; done
exec sh -c "$last"
`;

class Machine {
  readonly rig: Rig;

  constructor(rig: Rig) {
    this.rig = rig;

    rig.context("bin", { ssh: SSH });
    chmodSync(rig.path("bin", "ssh"), 0o755);
    spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "one", "-f", rig.path("one")]);
  }

  repository(name: string, files: Readonly<Record<string, string>>): { readonly address: string; readonly commit: string } {
    return { commit: makeRepository(this.rig.path(name), files), address: `git@example.test:${this.rig.path(name)}` };
  }

  build(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> {
    const output = ["-o", `type=local,dest=${this.rig.path("out")}`];
    return this.rig.cli(["build", "--progress=plain", ...output, ...args], {
      env: { PATH: `${this.rig.path("bin")}:${process.env["PATH"]}`, SSH_AUTH_SOCK: "/run/agent-of-the-user", ...env },
    });
  }

  context(text: string): string {
    return this.rig.context("context", { Dockerfile: text });
  }

  /** Calls of ssh since the last time, each with the agent that it had. */
  calls(): readonly { readonly args: string; readonly agent: string }[] {
    const log = this.rig.path("bin", "ssh.log");
    const lines = existsSync(log) ? this.rig.bytes("bin/ssh.log").toString().split("\n") : [];
    spawnSync("rm", ["-f", log]);
    return Array.from({ length: Math.floor(lines.length / 2) }, (_, i) => ({
      args: lines[2 * i] ?? "",
      agent: lines[2 * i + 1]?.slice("agent=".length) ?? "",
    }));
  }
}

const withMachine = (body: (machine: Machine) => Promise<void>): Promise<void> => withRig((rig) => body(new Machine(rig)));

run("ADD of a repository over SSH has no keys and no agent without --ssh", async (t) => {
  await withMachine(async (machine) => {
    const { address } = machine.repository("private", { "file.txt": "private" });
    for (const source of [address, address.replace("git@example.test:", "ssh://git@example.test")]) {
      const { code, stderr } = await machine.build([machine.context(`FROM scratch\nADD ${source} /\n`)]);
      t.is(code, 1, stderr);
      t.regex(stderr, /error\[source\/git-failed\]: .*Permission denied \(publickey\)/);
      t.regex(stderr, /hint: .*--ssh default /);
      const calls = machine.calls();
      t.true(calls.length > 0);
      for (const { args, agent } of calls) {
        t.regex(args, /-o IdentityFile=none -o IdentitiesOnly=yes -o IdentityAgent=none /);
        t.is(agent, "", "the user's agent is not passed on");
      }
    }
  });
});

runWithKeys("with --ssh default it has the keys of that agent alone", async (t) => {
  await withMachine(async (machine) => {
    const { address } = machine.repository("private", { "file.txt": "private" });
    const built = await machine.build(["--ssh", `default=${machine.rig.path("one")}`, machine.context(`FROM scratch\nADD ${address} /\n`)]);
    t.is(built.code, 0, built.stderr);
    t.is(machine.rig.bytes("out/file.txt").toString(), "private");
    for (const { args, agent } of machine.calls()) {
      t.regex(args, /-o IdentityFile=none /);
      t.notRegex(args, /IdentityAgent|IdentitiesOnly/);
      t.not(agent, "/run/agent-of-the-user");
      t.not(agent, "");
    }
  });
});

runWithKeys("a commit that another build has brought here is not given away without keys", async (t) => {
  await withMachine(async (machine) => {
    const { address, commit } = machine.repository("private", { "file.txt": "private" });
    const context = machine.context(`FROM scratch\nADD ${address}#${commit} /\n`);
    const first = await machine.build(["--ssh", `default=${machine.rig.path("one")}`, context]);
    t.is(first.code, 0, first.stderr);
    machine.calls();
    const second = await machine.build([context]);
    t.is(second.code, 1, second.stderr);
    t.regex(second.stderr, /--ssh default/);
  });
});

runWithKeys("a context that the user names is read with the user's own keys; what it names in turn is not", async (t) => {
  await withMachine(async (machine) => {
    const other = machine.repository("other", { "o.txt": "other" });
    const plain = machine.repository("plain", { Dockerfile: "FROM scratch\nCOPY f.txt /\n", "f.txt": "mine" });
    const built = await machine.build([plain.address]);
    t.is(built.code, 0, built.stderr);
    t.is(machine.rig.bytes("out/f.txt").toString(), "mine");
    for (const { args, agent } of machine.calls()) {
      t.notRegex(args, /Identit/);
      t.is(agent, "/run/agent-of-the-user");
    }

    const named = machine.context("FROM scratch\nCOPY --from=files f.txt /named.txt\n");
    t.is((await machine.build(["--build-context", `files=${plain.address}`, named])).code, 0);
    machine.calls();

    const self = machine.repository("self", { Dockerfile: `FROM scratch\nADD git@example.test:${machine.rig.path("self")} /\n` });
    const itself = await machine.build([self.address]);
    t.is(itself.code, 1, "the Dockerfile in it has no keys, even for the same address");
    t.regex(itself.stderr, /--ssh default/);
    machine.calls();

    machine.repository("parent", {
      Dockerfile: "FROM scratch\nCOPY . /\n",
      ".gitmodules": `[submodule "other"]\n\tpath = other\n\turl = ${other.address}\n`,
    });
    const parent = machine.rig.path("parent");
    git(parent, "update-index", "--add", "--cacheinfo", `160000,${other.commit},other`);
    git(parent, "commit", "--quiet", "--message=link");
    const submodule = await machine.build([`git@example.test:${parent}`]);
    t.is(submodule.code, 1, submodule.stderr);
    t.regex(submodule.stderr, /Cannot fetch the submodules of .*Permission denied[^]*--ssh default/);
    t.regex(machine.calls().at(-1)?.args ?? "", /IdentityAgent=none/);
    const granted = await machine.build(["--ssh", `default=${machine.rig.path("one")}`, `git@example.test:${parent}`]);
    t.is(granted.code, 0, granted.stderr);
    t.is(machine.rig.bytes("out/other/o.txt").toString(), "other");
  });
});

run("paths that a shell would read are no part of the command", async (t) => {
  await withMachine(async (machine) => {
    const { address } = machine.repository("plain", { Dockerfile: "FROM scratch\nCOPY f.txt /\n", "f.txt": "mine" });
    const odd = machine.rig.path(`a 'b" $(touch pwned) \`touch pwned\` %h #`);
    const home = machine.rig.path(`h "o' $(touch pwned) %d`);
    const cwd = machine.rig.context("cwd", {});
    const built = await machine.build(["--root", join(odd, "store"), address], { HOME: home });
    t.is(built.code, 0, built.stderr);
    t.false([cwd, machine.rig.directory, join(odd, "store")].some((directory) => existsSync(join(directory, "pwned"))));
    t.deepEqual(
      new Set(machine.calls().map(({ args }) => /UserKnownHostsFile=([a-z_]+ [a-z_]+) /.exec(args)?.[1])),
      new Set(["known_hosts known_hosts_of_user"]),
    );
  });
});
