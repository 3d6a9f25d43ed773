import test from "ava";
import fc from "fast-check";
import type { FileTree, PackPlan } from "../../../../oci/layer/model/toc.js";
import { sha256 } from "../../../../core/digest.js";
import type { NodeMeta } from "../../../../core/file-node.js";
import { comparePaths } from "../../../../oci/layer/model/path-order.js";
import { makeDirectory, makeFile, makeSymlink, removePath } from "../../../../solver/ops/file/make.js";
import { TreeBuilder } from "../../../../solver/ops/file/tree-builder.js";
import { treeEntries } from "../../../support/tree-text.js";

const MTIME = { sec: 1, nsec: 0 };
const OPTIONS = { owner: undefined, mtime: MTIME };

type Step = { readonly kind: "dir" | "file" | "link" | "rm"; readonly path: string; readonly text: string };

const path = fc.array(fc.constantFrom("a", "b", "a-b"), { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom("dir", "dir", "file", "file", "link", "rm", "rm"),
  path,
  text: fc.constantFrom("x", "a", "/b", ".."),
});

/** Takes a step where it can be taken; a refused one must leave the tree as it was. */
function take(tree: TreeBuilder, { kind, path: at, text }: Step): void {
  try {
    if (kind === "dir") makeDirectory(tree, { action: "mkdir", input: 0, path: `/${at}`, mode: 0o755, makeParents: true }, OPTIONS);
    else if (kind === "file")
      makeFile(tree, { action: "mkfile", input: 0, path: `/${at}`, mode: 0o644, data: Buffer.from(text).toString("base64") }, OPTIONS);
    else if (kind === "link") makeSymlink(tree, { action: "symlink", input: 0, oldPath: text, newPath: `/${at}` }, OPTIONS);
    else removePath(tree, { action: "rm", input: 0, path: `/${at}`, allowNotFound: true, allowWildcard: false });
  } catch (error) {
    if (!(error instanceof Error) || !("code" in error)) throw error;
  }
}

function listing(tree: FileTree): Map<string, string> {
  return new Map(treeEntries(tree).map((node) => [node.path, describe(node)]));
}

function describe({ type, mode, size, link }: NodeMeta): string {
  return `${type} ${mode.toString(8)} ${size} ${link ?? ""}`;
}

function lines(tree: ReadonlyMap<string, string>): readonly string[] {
  return [...tree].map(([at, node]) => `${at} ${node}`).sort();
}

/** Applies a layer to the files below it, by the rules of the image format. */
function applyPlan(base: ReadonlyMap<string, string>, plan: PackPlan): Map<string, string> {
  const out = new Map(base);
  const clear = (at: string): void => {
    for (const known of out.keys()) if (known.startsWith(`${at}/`)) out.delete(known);
  };
  for (const gone of plan.whiteouts ?? []) {
    clear(gone);
    out.delete(gone);
  }
  for (const entry of [...plan.entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    if (entry.type !== "dir" || entry.opaque) clear(entry.path);
    out.set(entry.path, describe(entry));
  }
  return out;
}

test("the planned layer over the base is the tree that the actions saw", async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), fc.array(step, { maxLength: 12 }), async (before, after) => {
      const base = new TreeBuilder(undefined);
      for (const one of before) take(base, one);
      const builder = new TreeBuilder(base);
      for (const one of after) take(builder, one);
      const plan = await builder.plan();
      t.deepEqual(lines(applyPlan(listing(base), plan)), lines(listing(builder)));
      // One entry for each path, and never an entry beside its own deletion.
      const paths = [...[...plan.entries].map((entry) => entry.path), ...(plan.whiteouts ?? [])];
      t.is(new Set(paths).size, paths.length);
      // No packer has to hold all entries to sort them, but where something is deleted.
      t.is(plan.entries.ordered, plan.whiteouts === undefined);
      const planned = [...plan.entries].map((entry) => entry.path);
      t.is(plan.entries.length, planned.length);
      if (plan.entries.ordered) t.deepEqual(planned, [...planned].sort(comparePaths));
      // Parents come with their children.
      const entries = new Set([...plan.entries].map((entry) => entry.path));
      t.true(paths.every((at) => !at.includes("/") || entries.has(at.slice(0, at.lastIndexOf("/")))));
    }),
    { numRuns: 400 },
  );
});

test("a plan is counted without a look at contents, and says when nobody has to locate them", async (t) => {
  for (const located of [true, false]) {
    let looks = 0;
    const source: FileTree = {
      located,
      lookup: () => undefined,
      children: () => [],
      digests: async (paths) => paths.map((path) => sha256(path)),
      content: (at) => ((looks += 1), located ? { kind: "path", path: at } : { kind: "layer", layer: "one", path: at }),
    };
    const base = new TreeBuilder(undefined);
    const meta = { mode: 0o755, uid: 0, gid: 0, size: 0, mtime: MTIME } as const;
    base.put({ ...meta, path: "a", type: "dir" });
    base.put({ ...meta, path: "a/b", type: "dir" });
    const tree = new TreeBuilder(base);
    for (const name of ["x", "y"]) tree.put({ ...meta, path: `a/b/${name}`, type: "file" }, { kind: "tree", tree: source, path: name });
    const { entries } = await tree.plan();
    t.is(looks, 0);
    t.like(entries, { length: 4, ordered: true, located });
    t.deepEqual(
      Array.from(entries, ({ path: at }) => at),
      ["a", "a/b", "a/b/x", "a/b/y"],
    );
    t.is(looks, 2);
  }
});
