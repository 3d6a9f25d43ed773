import { spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  statSync,
  truncateSync,
  utimesSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { packageRoot } from "../../../core/package-root.js";
import { removeTree } from "../../support/remove-tree.js";
import { requires, withoutProgram } from "../../support/requires.js";
import { inRoot, makeEmptyRoot, withoutOtherRoot } from "../../support/rigs/empty-root.js";

const BUSYBOX = ["/bin/busybox", "/usr/bin/busybox"].find((path) => existsSync(path));
const root = packageRoot();
let directory: string;
let file: string;

const withCompiler = requires(withoutProgram("cc"), withoutProgram("readelf"));

// Here, because ava calls no hook of a file whose tests are all skipped.
test.before(() => {
  directory = mkdtempSync(join(tmpdir(), "tsbuild-single-"));
  file = join(directory, `tsbuild-linux-${process.arch}`);
  if (withoutProgram("cc") !== undefined) return;
  const { status, stderr } = spawnSync(process.execPath, [join(root, "scripts", "sea.mjs"), "--to", directory], { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
});

test.after.always(() => removeTree(directory));

/** Starts a file with nothing in its environment but these variables. */
function start(path: string, env: Readonly<Record<string, string>>, args: readonly string[] = ["--version"]) {
  return spawnSync(path, args, { encoding: "utf8", env: { PATH: "/usr/bin:/bin", ...env } });
}

requires(
  withoutProgram("cc"),
  BUSYBOX === undefined ? "busybox is not installed" : undefined,
  withoutOtherRoot(),
)("alone in a root with busybox, the single file builds an image with a RUN step", (t) => {
  const place = join(directory, "empty");
  makeEmptyRoot(place, BUSYBOX as string);
  copyFileSync(file, join(place, "bin", "tsbuild"));
  const context = join(place, "hello");
  cpSync(join(root, "examples", "hello"), context, { recursive: true });
  mkdirSync(join(context, "bin"), { recursive: true });
  copyFileSync(BUSYBOX as string, join(context, "bin", "busybox"));
  const env = { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", HOME: "/root" };
  const run = (...args: string[]) => spawnSync("unshare", inRoot(place, ["/bin/tsbuild", ...args]), { encoding: "utf8", env });
  const built = run("-t", "hello", "-o", "type=oci,dest=/hello.tar", "/hello");
  t.is(built.status, 0, built.stderr);
  t.regex(built.stderr, /RUN sed/);
  t.true(statSync(join(place, "hello.tar")).size > 100_000);
  const listed = run("images");
  t.is(listed.status, 0, listed.stderr);
});

withCompiler("the single file unpacks once, to where only its user can write", (t) => {
  const open = join(directory, "open");
  mkdirSync(join(open, "tsbuild"), { recursive: true });
  chmodSync(join(open, "tsbuild"), 0o777);
  const home = join(directory, "home");
  mkdirSync(home);
  const env = { XDG_CACHE_HOME: open, HOME: home };
  t.regex(start(file, env).stdout, /^tsbuild \d/);
  t.deepEqual(readdirSync(join(open, "tsbuild")), []);
  const place = join(home, ".cache", "tsbuild");
  const [version = ""] = readdirSync(place);
  t.is(statSync(join(place, version)).mode & 0o777, 0o700);
  const { ino } = statSync(join(place, version, "bin", "node"));
  t.regex(start(file, env).stdout, /^tsbuild \d/);
  t.deepEqual(readdirSync(place), [version]);
  t.is(statSync(join(place, version, "bin", "node")).ino, ino);
});

withCompiler("what killed starts and versions of long ago left goes when the single file unpacks", (t) => {
  const cache = join(directory, "cache");
  const place = join(cache, "tsbuild");
  const long = new Date(Date.now() - 40 * 24 * 3600 * 1000);
  for (const name of [".new-tsbuild-1-abcdef", "tsbuild-old", ".new-tsbuild-2-abcdef", "tsbuild-recent", "other"]) {
    mkdirSync(join(place, name, "lib"), { recursive: true, mode: 0o700 });
    if (!/2|recent/.test(name)) utimesSync(join(place, name), long, long);
  }
  t.is(start(file, { XDG_CACHE_HOME: cache }).status, 0);
  const left = readdirSync(place).filter((name) => !/^tsbuild-[0-9a-f]{32}$/.test(name));
  t.deepEqual(left.toSorted(), [".new-tsbuild-2-abcdef", "other", "tsbuild-recent"]);
});

withCompiler("a single file that is cut off says so", (t) => {
  const cut = join(directory, "cut");
  copyFileSync(file, cut);
  truncateSync(cut, statSync(cut).size - 1000);
  const { status, stderr } = start(cut, { XDG_CACHE_HOME: join(directory, "never") });
  t.is(status, 1);
  t.is(stderr, "Cannot start tsbuild: its file is cut off: copy it again\n");
  t.false(existsSync(join(directory, "never")));
});
