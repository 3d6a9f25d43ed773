import { readFileSync } from "node:fs";
import type { TestFn } from "ava";
import { sha256 } from "../../core/digest.js";
import type { ContentSource, FileTree } from "../../oci/layer/model/toc.js";

/** Files of a tree by path: a text, or where a symbolic link leads. Directories are implied. */
export type TreeFiles = Readonly<Record<string, string | { readonly link: string }>>;

/** Checks what every {@link FileTree} promises. `make` gives a tree that holds just `files`. */
export function fileTreeConformance(
  test: TestFn,
  title: string,
  files: TreeFiles,
  make: (onEnd: (end: () => void) => void) => FileTree,
): void {
  const texts = Object.entries(files).flatMap(([path, file]) => (typeof file === "string" ? [[path, file] as const] : []));
  const links = Object.entries(files).flatMap(([path, file]) => (typeof file === "string" ? [] : [[path, file.link] as const]));

  test(`${title}: lists names in code-unit order, and knows every node that it lists by its path`, (t) => {
    const tree = make(t.teardown);
    const found: string[] = [];
    const open = [""];
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      t.is(tree.lookup(path)?.path, path);
      const names = tree.children(path);
      t.deepEqual(names, [...new Set(names)].sort());
      for (const name of names) {
        const below = path === "" ? name : `${path}/${name}`;
        if (tree.lookup(below)?.type === "dir") open.push(below);
        else found.push(below);
      }
    }
    t.deepEqual(found.sort(), Object.keys(files).sort());
  });

  test(`${title}: knows types and sizes, and nothing that is not there`, (t) => {
    const tree = make(t.teardown);
    t.like(tree.lookup(""), { path: "", type: "dir" });
    for (const [path, text] of texts) {
      t.like(tree.lookup(path), { path, type: "file", size: Buffer.byteLength(text) });
      t.deepEqual([tree.children(path), tree.lookup(`${path}/below`)], [[], undefined]);
    }
    for (const path of ["missing", "missing/below"]) t.deepEqual([tree.lookup(path), tree.children(path)], [undefined, []]);
  });

  test(`${title}: does not follow symbolic links`, (t) => {
    const tree = make(t.teardown);
    t.plan(links.length * 2);
    for (const [path, link] of links) {
      t.like(tree.lookup(path), { type: "symlink", link });
      t.deepEqual([tree.children(path), ...texts.map(([file]) => tree.lookup(`${path}/${file}`))].flat().filter(Boolean), []);
    }
  });

  test(`${title}: digests are those of the contents, in the order asked`, async (t) => {
    const tree = make(t.teardown);
    const asked = [...texts].reverse();
    const paths = [...asked, asked[0] as (typeof asked)[0]].map(([path]) => path);
    t.deepEqual(
      (await tree.digests(paths)).slice(),
      paths.map((path) => sha256(files[path] as string)),
    );
    t.deepEqual((await tree.digests([])).slice(), []);
  });

  test(`${title}: content says where the bytes are`, (t) => {
    const tree = make(t.teardown);
    for (const [path, text] of texts) {
      const source = tree.content(path);
      if (source.kind === "layer") t.like(source, { layer: "layer", path });
      else t.is(bytesOf(source).subarray(0, tree.lookup(path)?.size).toString(), text);
    }
  });
}

/** Returns what a content begins with. */
function bytesOf(source: Exclude<ContentSource, { readonly kind: "layer" }>): Buffer {
  if (source.kind === "bytes") return Buffer.from(source.data);
  return readFileSync(source.path).subarray(source.kind === "part" ? source.start : 0);
}
