import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import test from "ava";
import { layerTasks } from "../../../../oci/layer/task-table.js";
import { type Entry, tarOf } from "../../tar/build-tar.js";
import { withDirectory } from "../disk.js";

const { index, cut } = layerTasks;

const ENTRIES: readonly Entry[] = [
  { name: "z", data: "shared" },
  { name: "a", type: "hardlink", link: "z" },
  { name: "twice", data: "old" },
  { name: "twice", data: "new, and longer" },
  { name: "d", type: "dir" },
  { name: "d/large", data: Buffer.alloc(3_000_001, "0123456789abcdef\n") },
  { name: `d/${"n".repeat(200)}`, data: "after a header of two blocks" },
  { name: "removed", data: "x" },
  { name: "removed", type: "symlink", link: "z" },
  { name: "through", type: "symlink", link: "d" },
  { name: "through/inside", data: "written through a link" },
  { name: "empty" },
];

const EXPECTED: Readonly<Record<string, string>> = {
  z: "shared",
  a: "shared",
  twice: "new, and longer",
  "d/large": Buffer.alloc(3_000_001, "0123456789abcdef\n").toString(),
  [`d/${"n".repeat(200)}`]: "after a header of two blocks",
  "d/inside": "written through a link",
  empty: "",
};

for (const [title, encode] of [
  ["a tar", (bytes: Buffer) => bytes],
  ["gzip", gzipSync],
] as const) {
  test(`the files of ${title} are cut out by its index`, (t) =>
    withDirectory(async (directory) => {
      const at = (name: string) => join(directory, name);
      writeFileSync(at("blob"), encode(tarOf(ENTRIES)));
      const found = await index({ blob: at("blob"), mediaType: "", out: at("tar") });
      const { tar, paths, starts, sizes } = found ?? t.fail();
      t.is(tar, title === "gzip" ? at("tar") : at("blob"));
      t.is(existsSync(at("tar")), title === "gzip", "nothing is written where the blob is a tar");
      const names = paths.split("\0").slice(0, -1);
      const parts = names.map((_, i) => ({ start: starts[i] as number, size: sizes[i] as number, dest: at(`out-${i}`) }));
      await cut({ tar, parts });
      t.deepEqual(Object.fromEntries(names.map((name, i) => [name, readFileSync(at(`out-${i}`), "utf8")])), EXPECTED);
    }));
}

test("a compressed blob has no index without a place for its tar", (t) =>
  withDirectory(async (directory) => {
    const blob = join(directory, "blob");
    writeFileSync(blob, gzipSync(tarOf(ENTRIES)));
    t.is(await index({ blob, mediaType: "" }), undefined);
  }));

test("sparse files are not in the index", (t) =>
  withDirectory(async (directory) => {
    writeFileSync(join(directory, "plain"), "x");
    writeFileSync(join(directory, "sparse"), "x");
    truncateSync(join(directory, "sparse"), 1 << 20);
    const blob = join(directory, "blob");
    t.is(spawnSync("tar", ["--sparse", "-C", directory, "-cf", blob, "sparse", "plain"]).status, 0);
    t.is((await index({ blob, mediaType: "" }))?.paths, "plain\0");
  }));

test("a damaged blob leaves no tar, a tar that is too short no file", (t) =>
  withDirectory(async (directory) => {
    const at = (name: string) => join(directory, name);
    const bytes = gzipSync(tarOf(ENTRIES));
    writeFileSync(at("blob"), bytes.subarray(0, bytes.length - 100));
    await t.throwsAsync(index({ blob: at("blob"), mediaType: "", out: at("tar") }), { code: "layer/corrupt" });
    t.false(existsSync(at("tar")));
    writeFileSync(at("short"), "abc");
    const parts = [1, 3].map((start) => ({ start, size: 2, dest: at(`out-${start}`) }));
    await t.throwsAsync(cut({ tar: at("short"), parts }), { code: "layer/corrupt" });
    t.false(existsSync(at("out-1")) || existsSync(at("out-3")));
  }));
