import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { removeTree } from "../../../core/system/remove-tree.js";
import { removeTree as removeForTest } from "../../support/remove-tree.js";

test("a tree is removed with its links, which are not followed, however deep it is nested", (t) => {
  const top = mkdtempSync(join(tmpdir(), "tsbuild-remove-"));
  t.teardown(() => removeForTest(top));
  const outside = join(top, "outside");
  mkdirSync(outside);
  writeFileSync(join(outside, "kept"), "");
  const tree = join(top, "tree");
  const branch = "/d".repeat(1800);
  // Three branches, one below the other: more levels than Node's stack has room for, and names
  // longer than a path may be.
  for (const name of ["tree", "middle", "low"]) mkdirSync(join(top, name) + branch, { recursive: true });
  writeFileSync(`${join(top, "low")}${branch}/f`, "");
  symlinkSync(outside, `${join(top, "low")}${branch}/link`);
  renameSync(join(top, "low"), `${join(top, "middle")}${branch}/low`);
  renameSync(join(top, "middle"), `${tree}${branch}/middle`);
  removeTree(tree);
  t.deepEqual(readdirSync(top), ["outside"]);
  t.deepEqual(readdirSync(outside), ["kept"]);

  removeTree(tree);
  symlinkSync(outside, tree);
  removeTree(Buffer.from(tree));
  t.false(existsSync(tree));
  removeTree(join(outside, "kept"));
  t.deepEqual(readdirSync(outside), []);
});
