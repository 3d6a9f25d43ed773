import { spawnSync } from "node:child_process";
import { type SshAccess, sshEnvironment } from "../../../solver/remote/git-ssh.js";
import { temporaryDirectory } from "../../support/images/images.js";
import { notInstalled, requires, withoutName } from "../../support/requires.js";

const run = requires(spawnSync("ssh", ["-V"]).error === undefined ? undefined : notInstalled("openssh-client"), withoutName());

/** Returns ssh's own reading of the command that git would start. */
function configuration(home: string, access: SshAccess): readonly string[] {
  const { GIT_SSH_COMMAND = "", ...env } = sshEnvironment(home, access);
  const { stdout, stderr } = spawnSync("sh", ["-c", `${GIT_SSH_COMMAND} "$@"`, "sh", "-G", "example.test"], {
    env: { PATH: process.env["PATH"], ...env },
    encoding: "utf8",
  });
  return `${stdout}${stderr}`.split("\n");
}

run("git over ssh: ssh reads the options as they are meant", (t) => {
  const directory = temporaryDirectory();
  t.teardown(directory.remove);
  const has = (access: SshAccess): readonly string[] =>
    configuration(directory.path, access)
      .filter((line) => /^(identit|userknownhostsfile|batchmode|stricthost)/.test(line))
      .sort();
  const common = ["batchmode yes", "stricthostkeychecking accept-new", "userknownhostsfile known_hosts known_hosts_of_user"];
  t.deepEqual(has({ kind: "none" }), [common[0], "identitiesonly yes", "identityagent none", "identityfile none", ...common.slice(1)]);
  t.deepEqual(has({ kind: "agent", socket: "/s" }), [common[0], "identitiesonly no", "identityfile none", ...common.slice(1)]);
  t.true(has({ kind: "caller", socket: undefined }).some((line) => line.startsWith("identityfile ~/.ssh/")));
});
