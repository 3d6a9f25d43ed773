import { chmodSync, mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import type { CopyAction } from "../../../../llb/ops.js";
import type { FileTree } from "../../../../oci/layer/model/toc.js";
import type { NodeMeta } from "../../../../core/file-node.js";
import { lsetxattr } from "../../../../core/system/posix.js";
import { selectionDigest, subtreeDigest } from "../../../../solver/ops/file/selection.js";
import { LocalTree } from "../../../../solver/ops/local/local-tree.js";
import { fileOpOf } from "../../../support/samples/copy-line.js";
import { memoryTree, parseTree } from "../../../support/tree-text.js";
import { directory, plan, COPY } from "./rig.js";

const digestOf = (lines: string, action: Partial<CopyAction> = {}): Promise<string> =>
  selectionDigest(memoryTree(parseTree(lines)), [{ ...COPY, ...action }], { where: "a stage" });

test("a selection's digest counts what gets into the image", async (t) => {
  const lines = "d 755 0:0 out\nf 644 0:0 out/a = A\nl 777 0:0 link -> out\nf 644 0:0 other = O";
  const out = await digestOf(lines, { src: "/out" });
  const cases: readonly (readonly [string, string, Partial<CopyAction>, boolean])[] = [
    ["what is not selected", lines.replace("other = O", "other = changed"), { src: "/out" }, true],
    ["the directory's own mode, since only its contents are taken", lines.replace("d 755", "d 700"), { src: "/out" }, true],
    ["the way to it", lines, { src: "/link" }, true],
    ["content", lines.replace("= A", "= B"), { src: "/out" }, false],
    ["mode", lines.replace("644 0:0 out/a", "600 0:0 out/a"), { src: "/out" }, false],
    ["owner", lines.replace("644 0:0 out/a", "644 1:0 out/a"), { src: "/out" }, false],
    ["name", lines.replaceAll("out/a", "out/b"), { src: "/out" }, false],
    ["kind", lines.replace("f 644 0:0 out/a = A", "d 644 0:0 out/a"), { src: "/out" }, false],
    ["nothing left", lines, { src: "/out", excludePatterns: ["*"] }, false],
  ];
  for (const [what, changed, action, same] of cases) t.is((await digestOf(changed, action)) === out, same, what);
});

test("hard links among what one action takes count, by whichever names the tree knows them", async (t) => {
  const linked = "d 755 0:0 d\nf 644 0:0 d/a = A\nh 644 0:0 d/b = d/a\nf 644 0:0 d/c = A";
  const apart = linked.replace("h 644 0:0 d/b = d/a", "f 644 0:0 d/b = A");
  const others = linked.replace("h 644 0:0 d/b = d/a\nf 644 0:0 d/c = A", "f 644 0:0 d/b = A\nh 644 0:0 d/c = d/a");
  const outside = `f 644 0:0 0 = A\n${linked.replace("f 644 0:0 d/a = A", "h 644 0:0 d/a = 0")}`;
  const all = await digestOf(linked, { src: "/d" });
  t.not(all, await digestOf(apart, { src: "/d" }));
  t.not(all, await digestOf(others, { src: "/d" }));
  t.is(all, await digestOf(outside, { src: "/d" }));
  t.is(await digestOf(linked, { src: "/d", excludePatterns: ["b"] }), await digestOf(apart, { src: "/d", excludePatterns: ["b"] }));
  t.is(await digestOf(linked, { src: "/d/b" }), await digestOf(apart, { src: "/d/b" }));
  const mounted = async (lines: string): Promise<string> => subtreeDigest(memoryTree(parseTree(lines)), "/d");
  t.not(await mounted(linked), await mounted(apart));
});

test("attributes that come with the contents count as those that were known before", async (t) => {
  const root = directory();
  mkdirSync(join(root, "d"));
  for (const name of ["a", "b", "c"]) writeFileSync(join(root, "d", name), name, { mode: 0o644 });
  chmodSync(join(root, "d"), 0o755);
  const plain = memoryTree(parseTree("d 755 0:0 d\nf 644 0:0 d/a = a\nf 644 0:0 d/b = b\nf 644 0:0 d/c = c"));
  const known = plain.clone();
  for (const [path, xattrs] of Object.entries({ "d/a": { "user.x": "MQ==", "user.y": "" }, "d/c": { "user.x": "Mg==" } })) {
    known.put({ ...(plain.lookup(path) as NodeMeta), xattrs }, plain.contentOf(path));
  }
  const copies = [COPY, { ...COPY, src: "/d/c" }];
  const digest = (tree: FileTree): Promise<string> => selectionDigest(tree, copies, { where: "a stage" });
  t.is(await digest(new LocalTree(root)), await digest(plain));
  lsetxattr(join(root, "d/a"), "user.x", Buffer.from("1"));
  lsetxattr(join(root, "d/a"), "user.y", Buffer.alloc(0));
  lsetxattr(join(root, "d/c"), "user.x", Buffer.from("2"));
  const local = new LocalTree(root);
  t.is(await digest(local), await digest(known));
  t.is(await digest(local), await digest(known), "asked again, when lookup knows them");
  t.is(await subtreeDigest(new LocalTree(root), "/d"), await subtreeDigest(known, "/d"));
  // The layer has them, also when nobody asked for a key before.
  const made = await plan(fileOpOf("COPY d /x/"), [undefined, new LocalTree(root)]);
  t.deepEqual(
    [...made.entries].filter(({ type }) => type === "file").map(({ path, xattrs }) => [path, xattrs]),
    [
      ["x/a", { "user.x": "MQ==", "user.y": "" }],
      ["x/b", undefined],
      ["x/c", { "user.x": "Mg==" }],
    ],
  );
  // A file of the base is the same only with the same attributes.
  for (const name of ["a", "b", "c"]) utimesSync(join(root, "d", name), 1_000_000_000, 1_000_000_000);
  const again = fileOpOf("COPY d /d/");
  const stored = async (base: FileTree) => Array.from((await plan(again, [base, new LocalTree(root)])).entries, ({ path }) => path);
  t.deepEqual(
    (await stored(plain)).filter((path) => path !== "d"),
    ["d/a", "d/c"],
  );
  t.deepEqual(
    (await stored(known)).filter((path) => path !== "d"),
    [],
  );
});

test("what an action overrides does not count", async (t) => {
  const one = "d 755 0:0 d\nf 664 0:0 d/a = A\nf 775 1:1 d/b = B";
  const two = "d 775 0:0 d\nf 644 9:9 d/a = A\nf 755 0:0 d/b = B";
  t.not(await digestOf(one), await digestOf(two));
  t.not(await digestOf(one, { mode: 0o644 }), await digestOf(two, { mode: 0o644 }));
  t.not(await digestOf(one, { owner: { user: 1 } }), await digestOf(two, { owner: { user: 1 } }));
  t.is(await digestOf(one, { mode: 0o644, owner: { user: 1 } }), await digestOf(two, { mode: 0o644, owner: { user: 1 } }));
  t.is(
    await digestOf(one, { mode: "go=rX,u=rwX", owner: { group: "g" } }),
    await digestOf(two, { mode: "go=rX,u=rwX", owner: { group: "g" } }),
  );
  t.not(await digestOf(one, { mode: "g+w", owner: { user: 1 } }), await digestOf(two, { mode: "o+w", owner: { user: 1 } }));
});

test("a selection's digest knows matches apart, also with names that are not UTF-8", async (t) => {
  t.not(await digestOf("f 644 0:0 a1 = A", { src: "/a*" }), await digestOf("f 644 0:0 a2 = A", { src: "/a*" }));
  t.not(await digestOf("f 644 0:0 \udc80 = A"), await digestOf("f 644 0:0 \udc81 = A"));
  t.is(await digestOf("f 644 0:0 b = A", { src: "/a*" }), await digestOf("f 644 0:0 c = A", { src: "/a*" }));
  await t.throwsAsync(digestOf("f 644 0:0 b = A", { src: "/a" }), { code: "copy/source-not-found" });
  const tree = memoryTree(parseTree("d 755 0:0 d\nf 644 0:0 d/a = A\nl 777 0:0 l -> d"));
  t.is(await subtreeDigest(tree, "/l"), await subtreeDigest(tree, "/d"));
  t.not(await subtreeDigest(tree, "/"), await subtreeDigest(tree, "/d"));
});
