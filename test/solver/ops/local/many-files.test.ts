import fs, { linkSync, lstatSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import type { NodeMeta } from "../../../../core/file-node.js";
import { LocalTree } from "../../../../solver/ops/local/local-tree.js";

const lstat = fs.lstatSync;
const DIRECTORIES = 60;
const FILES = 100;

/** Calls of Node's `lstat` that a tree of any number of files may make. */
const MOST = 3_000;

/** Returns all nodes of a tree in the order of a walk, as a copy reads them. */
function walked(tree: LocalTree, path = ""): NodeMeta[] {
  const nodes: NodeMeta[] = [];
  tree.visitNodes(path, (node) => nodes.push(node, ...(node.type === "dir" ? walked(tree, node.path) : [])));
  return nodes;
}

test("many files are not looked at one by one, and nothing else changes", (t) => {
  const root = mkdtempSync(join(tmpdir(), "tsbuild-many-files-"));
  t.teardown(() => rmSync(root, { recursive: true }));
  for (let d = 0; d < DIRECTORIES; d++) {
    mkdirSync(join(root, `d${d}`));
    for (let f = 0; f < FILES; f++) writeFileSync(join(root, `d${d}`, `f${f}`), `${f}`.repeat(f));
    symlinkSync("f1", join(root, `d${d}`, "link"));
  }
  // Names of one file, in directories that are looked at one by one and at once.
  linkSync(join(root, "d0", "f0"), join(root, "d9", "another"));
  const tree = new LocalTree(root);
  let calls = 0;
  const exported: { lstatSync: unknown } = fs;
  exported.lstatSync = (...args: Parameters<typeof lstatSync>) => (calls++, lstat(...args));
  syncBuiltinESMExports();
  t.teardown(() => {
    exported.lstatSync = lstat;
    syncBuiltinESMExports();
  });
  tree.lookup("d99");
  const nodes = walked(tree);
  t.true(calls > 0 && calls < MOST, `${calls} calls`);
  t.is(nodes.length, DIRECTORIES * (FILES + 2) + 1);
  for (const node of nodes) {
    const { mode, size, mtimeNs } = lstatSync(join(root, node.path), { bigint: true });
    t.is(node.mode, Number(mode) & 0o7777);
    t.is(node.size, node.type === "file" ? Number(size) : 0);
    t.is(BigInt(node.mtime.sec) * 1_000_000_000n + BigInt(node.mtime.nsec), mtimeNs);
    t.is(node.link, node.type === "symlink" ? "f1" : undefined);
    t.deepEqual(tree.lookup(node.path), node);
  }
  t.deepEqual([...(tree.linksOf("d0/f0") ?? [])].sort(), ["d0/f0", "d9/another"]);
  t.is(tree.linksOf("d0/f0"), tree.linksOf("d9/another"));
});
