import { spawnSync } from "node:child_process";
import { linkSync, mkdirSync, readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { diskUsage } from "../../cache/disk-usage.js";
import { removeTree } from "../support/remove-tree.js";
import { temporaryRoot } from "./support.js";

/**
 * Makes nested directories, five times `count` of them, and two more with a file each at the end.
 * Renames directories, because no path can name them.
 */
function makeDeep(root: string, name: string, count: number): void {
  const part = `${name}/`.repeat(count);
  const script = `set -e; mkdir -p a/${part}/x a/${part}/y; for d in x y; do head -c 4096 /dev/zero >a/${part}/$d/f; done
for i in 1 2 3 4; do mkdir -p b/${part}; mv a b/${part}; mv b a; done`;
  const { status, stderr } = spawnSync("sh", ["-c", script], { cwd: root, encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
}

/** Returns the number of descriptors of this process that are open below a directory. */
function openUnder(root: string): number {
  return readdirSync("/proc/self/fd").filter((fd) => ["/", root].includes(linkOf(fd)) || linkOf(fd).startsWith(`${root}/`)).length;
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch (error) {
    // A path that is too long belongs to a directory that was left open.
    return (error as NodeJS.ErrnoException).code === "ENAMETOOLONG" ? "/" : "";
  }
}

for (const [title, name, depth] of [
  ["2,500 levels", "d", 500],
  ["20 levels with long names", "n".repeat(240), 4],
  ["levels that end near the limit", "n".repeat(99), 8],
] as const) {
  test(`what is nested deeper than a path can name is measured to its end: ${title}`, (t) => {
    const root = temporaryRoot((end) => t.teardown(end));
    const deep = join(root, "deep");
    mkdirSync(deep);
    t.teardown(() => removeTree(deep));
    makeDeep(deep, name, depth);
    const { stdout } = spawnSync("du", ["--block-size=512", "-s", deep], { encoding: "utf8" });
    const open = openUnder(root);
    t.deepEqual(diskUsage(deep), { bytes: Number.parseInt(stdout, 10) * 512, complete: true });
    t.is(openUnder(root), open, "no directory stays open");
    t.false(diskUsage(deep, 4 * depth).complete);
    t.is(openUnder(root), open, "no directory stays open when it ends early");
  });
}

test("hard links count once, a missing tree takes nothing", (t) => {
  const root = temporaryRoot((end) => t.teardown(end));
  writeFileSync(join(root, "f"), Buffer.alloc(8192, 1));
  const { bytes } = diskUsage(root);
  linkSync(join(root, "f"), join(root, "g"));
  t.is(diskUsage(root).bytes, bytes);
  t.deepEqual(diskUsage(join(root, "none")), { bytes: 0, complete: true });
});
