import { generateKeyPairSync } from "node:crypto";
import { chownSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { notInstalled, reasonIn, requires } from "../../support/requires.js";
import { type OrdinaryUser, runAsUser, userWithoutIds, whoCanReach } from "../../support/rigs/as-user.js";

const script = fileURLToPath(new URL("private-ssh-agent-main.js", import.meta.url));
const user = whoCanReach(userWithoutIds(), script);
const openssh = existsSync("/usr/bin/ssh-agent") ? undefined : notInstalled("openssh-client");

requires(reasonIn(user), openssh)("a key file works for a user whom /etc/passwd does not have", async (t) => {
  const { uid, gid } = user as OrdinaryUser;
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-agent-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const key = join(directory, "key");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  writeFileSync(key, privateKey.export({ type: "sec1", format: "pem" }), { mode: 0o600 });
  for (const path of [directory, key]) chownSync(path, uid, gid);

  t.regex(await runAsUser(user as OrdinaryUser, script, key, directory), /^ecdsa-sha2-nistp256 \S+ .*\n$/);
});
