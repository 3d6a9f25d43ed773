import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { sha256 } from "../../core/digest.js";
import type { TocEntry } from "../../oci/layer/model/toc.js";
import { RootfsView } from "../../oci/layer/model/view.js";
import { BlobTree } from "../../solver/ops/inputs/blob-tree.js";
import { TreeBuilder } from "../../solver/ops/file/tree-builder.js";
import { LocalTree } from "../../solver/ops/local/local-tree.js";
import { fileTreeConformance, type TreeFiles } from "../conformance/file-tree.js";
import { temporaryRoot } from "../cache/support.js";

const FILES: TreeFiles = { "a/b/c": "deep", "a/B": "upper", "a/link": { link: "b" }, "a-": "before the slash", top: "", é: "accent" };
const META = { uid: 0, gid: 0, mtime: { sec: 1, nsec: 0 } };

function onDisk(onEnd: (end: () => void) => void): LocalTree {
  const root = temporaryRoot(onEnd);
  for (const [path, file] of Object.entries(FILES)) {
    mkdirSync(join(root, path, ".."), { recursive: true });
    if (typeof file === "string") writeFileSync(join(root, path), file);
    else symlinkSync(file.link, join(root, path));
  }
  return new LocalTree(root);
}

function entry(path: string): TocEntry {
  const file = FILES[path];
  if (typeof file === "string") return { ...META, path, type: "file", mode: 0o644, size: Buffer.byteLength(file), digest: sha256(file) };
  if (file) return { ...META, path, type: "symlink", mode: 0o777, size: 0, link: file.link };
  return { ...META, path, type: "dir", mode: 0o755, size: 0 };
}

function inLayer(): RootfsView {
  const entries = ["a", "a-", "a/B", "a/b", "a/b/c", "a/link", "top", "é"].map(entry);
  return new RootfsView([{ layer: "layer", toc: { version: 1, diffId: sha256("layer"), size: 1, entries, whiteouts: [] } }]);
}

fileTreeConformance(test, "a local directory", FILES, onDisk);
fileTreeConformance(test, "a stack of layers", FILES, inLayer);
fileTreeConformance(test, "a builder over a directory", FILES, (onEnd) => new TreeBuilder(onDisk(onEnd)));
fileTreeConformance(test, "a builder over layers", FILES, () => new TreeBuilder(inLayer()).clone());
fileTreeConformance(test, "a builder over nothing", FILES, () => {
  const tree = new TreeBuilder(undefined);
  for (const path of ["a", "a/b"]) tree.put(entry(path));
  for (const [path, file] of Object.entries(FILES)) {
    tree.put(entry(path), typeof file === "string" ? { kind: "bytes", data: Buffer.from(file) } : undefined);
  }
  return tree;
});
fileTreeConformance(test, "a downloaded file", { "file.txt": "text" }, (onEnd) => {
  const path = join(temporaryRoot(onEnd), "blob");
  writeFileSync(path, "text");
  return new BlobTree({ name: "file.txt", digest: sha256("text"), size: 4, mode: 0o600, uid: 0, gid: 0, mtime: 1, path });
});
