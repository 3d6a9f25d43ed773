import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { userWithoutIds, whoCanReach } from "../../support/rigs/as-user.js";
import { removeTree } from "../../support/remove-tree.js";
import { reasonIn, requires } from "../../support/requires.js";
import { CLI } from "../../support/rigs/rig.js";

const user = whoCanReach(userWithoutIds(), CLI);
const run = requires(reasonIn(user)).serial;

interface Ended {
  readonly code: number | null;
  readonly text: string;
}

/**
 * Makes a directory of a user without an entry in passwd and without HOME, and runs the command as
 * that user.
 */
function homeless(): { readonly directory: string; cli(env: Readonly<Record<string, string>>, ...args: string[]): Ended } {
  const { uid, gid } = user as { readonly uid: number; readonly gid: number };
  const directory = mkdtempSync(join(tmpdir(), "homeless-"));
  chmodSync(directory, 0o755);
  for (const name of ["tmp", "context"]) mkdirSync(join(directory, name));
  writeFileSync(join(directory, "context", "Dockerfile"), "FROM scratch\nCOPY Dockerfile /f\n");
  for (const path of [directory, join(directory, "tmp")]) chownSync(path, uid, gid);
  return {
    directory,
    cli(env, ...args) {
      const ids = [`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups"];
      const { status, stdout, stderr } = spawnSync("setpriv", [...ids, process.execPath, CLI, ...args], {
        env: { PATH: process.env["PATH"], TMPDIR: join(directory, "tmp"), ...env },
        cwd: "/",
        encoding: "utf8",
      });
      return { code: status, text: stdout + stderr };
    },
  };
}

run(`without a home and with a store named every command works`, (t) => {
  const { directory, cli } = homeless();
  try {
    const context = join(directory, "context");
    const env = { TSBUILD_ROOT: join(directory, "store") };
    for (const [code, ...args] of [
      [0, "build", "-q", "-t", "a", context],
      [0, "check", context],
      [0, "images"],
      [0, "du"],
      [1, "pull", "127.0.0.1:9/x:1"],
      [1, "push", "a"],
      [1, "login", "-u", "u", "-p", "p", "127.0.0.1:9"],
      [0, "logout", "127.0.0.1:9"],
      [1, "build", "git@127.0.0.1:9/x.git"],
      [1, "build", "--ssh", "default=/nowhere", context],
      [
        1,
        "build",
        "--cache-from",
        "type=s3,bucket=b,region=r,endpoint_url=http://127.0.0.1:9",
        "--cache-to",
        "type=s3,bucket=b,region=r",
        context,
      ],
    ] as const) {
      const ended = cli(env, ...args);
      t.is(ended.code, code, `${args.join(" ")}: ${ended.text}`);
      t.notRegex(ended.text, /homedir|userInfo|error\[internal\]|has no home, so/, args.join(" "));
    }
    t.notRegex(cli(env, "doctor").text, /homedir|error\[internal\]/);
    t.deepEqual(readdirSync(join(directory, "tmp")), []);
  } finally {
    removeTree(directory);
  }
});

run(`without a home and without a store named the store is a private directory, and one line says so`, (t) => {
  const { directory, cli } = homeless();
  try {
    const store = join(directory, "tmp", `tsbuild-${(user as { readonly uid: number }).uid}`);
    const ended = cli({}, "build", "--progress=quiet", "-t", "a", join(directory, "context"));
    t.is(ended.code, 0, ended.text);
    t.deepEqual(
      ended.text.split("\n").filter((line) => line.includes(store)),
      [`warning: this user has no home, so the store is in ${store}; TSBUILD_ROOT or --root names another place`],
    );
    t.true(existsSync(join(store, "v1")));
    t.regex(cli({}, "images").text, /^a +latest/m);
    const inRoot = cli({ HOME: "/" }, "images").text;
    t.regex(inRoot, /^a +latest/m);
    t.true(inRoot.includes(`warning: nothing can be written to this user's home "/", so the store is in ${store};`), inRoot);
    t.notRegex(cli({ TSBUILD_ROOT: store }, "images").text, /has no home/);
  } finally {
    removeTree(directory);
  }
});
