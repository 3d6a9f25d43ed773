import { execFile, spawnSync } from "node:child_process";
import { chownSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { type OrdinaryUser, ordinaryUser, whoCanReach } from "../../../support/rigs/as-user.js";
import { withDirectory } from "../disk.js";
import { reasonIn, requires } from "../../../support/requires.js";

const script = fileURLToPath(new URL("./overlay-script.js", import.meta.url));
const namespaces = ["unshare", "--user", "--map-root-user", "--mount"];
const user = whoCanReach(ordinaryUser(), script);

async function run(command: readonly string[], ...args: readonly string[]): Promise<unknown> {
  const [program = "", ...rest] = command;
  const { stdout } = await promisify(execFile)(program, [...rest, process.execPath, script, ...args], { cwd: "/", maxBuffer: 1 << 24 });
  return JSON.parse(stdout);
}

const possible = spawnSync("unshare", ["--user", "--map-root-user", "--mount", "true"]).status === 0;
const noNamespaces = possible ? undefined : "needs user namespaces";
const inNamespaces = requires(noNamespaces);

for (const seed of [1, 2, 3, 4, 5, 6]) {
  inNamespaces(`random changes through overlayfs become layers that say and make the same (seed ${seed})`, (t) =>
    withDirectory(async (directory) => {
      t.deepEqual(await run(namespaces, directory, String(seed), "4"), []);
    }),
  );
}

requires(noNamespaces, reasonIn(user))("the same as an ordinary user", (t) =>
  withDirectory(async (directory) => {
    const { uid, gid } = user as OrdinaryUser;
    chownSync(directory, uid, gid);
    const become = ["setpriv", `--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
    t.deepEqual(await run([...become, ...namespaces], directory, "7", "3"), []);
  }),
);
