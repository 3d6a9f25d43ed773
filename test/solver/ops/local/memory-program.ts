/**
 * Prints how many bytes each file of a context takes: `walked` while its key is made, `kept` for
 * explanations to the end of the build, `toc` in a table of contents, `sent` in a plan on its way
 * to a thread, `copied` in the tree of a COPY, `unpacked` in that of an ADD, `layer` while a layer
 * is read, `view` in the view of a stack. Run it with `--expose-gc`, in a process of its own; the
 * argument is an empty directory.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type Digest, sha256 } from "../../../../core/digest.js";
import type { CopyAction } from "../../../../llb/ops.js";
import type { PackEntry } from "../../../../oci/layer/model/toc.js";
import { TocColumnsBuilder } from "../../../../oci/layer/model/toc-columns.js";
import { RootfsView } from "../../../../oci/layer/model/view.js";
import { LayerTree } from "../../../../oci/layer/read/layer-tree.js";
import { packedPlan } from "../../../../oci/layer/write/packed-plan.js";
import { SpooledFiles } from "../../../../solver/ops/file/new-content.js";
import { TreeBuilder } from "../../../../solver/ops/file/tree-builder.js";
import { selectionDigest } from "../../../../solver/ops/file/selection.js";
import { LocalTree } from "../../../../solver/ops/local/local-tree.js";

const FILES = 2000;
/** Rounds at most. */
const ROUNDS = 5;
/** Bytes for each file by which two rounds may differ. */
const AGREED = 10;
/** Bytes by which two looks at a process without work may differ: one for each file. */
const STEADY = 2 * FILES;
/** Looks without less memory in use after which no garbage is left. */
const LOOKS = 2;
const [, , directory] = process.argv as [string, string, string];

const copy = {
  action: "copy",
  input: -1,
  secondaryInput: 0,
  src: "/",
  dest: "/x/",
  dirCopyContents: true,
  createDestPath: true,
  followSymlinks: false,
  allowWildcard: false,
  allowEmptyWildcard: false,
} as unknown as CopyAction;

/**
 * Returns the bytes in use, once collecting garbage frees no more of them. The least counts: other
 * bytes come and go meanwhile.
 */
async function used(): Promise<number> {
  let least = Infinity;
  for (let looks = 0; looks < LOOKS; ) {
    (globalThis as unknown as { gc: () => void }).gc();
    // Other threads free blocks of memory outside of the heap after their objects have gone.
    await delay(2);
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const now = heapUsed + arrayBuffers;
    looks = now < least - STEADY ? 0 : looks + 1;
    least = Math.min(least, now);
  }
  return least;
}

const nameOf = (index: number): string => `directory-${Math.floor(index / 100)}/file-with-a-name-${index}`;

/** Returns the memory in use when every file was walked and before the first is read. */
async function walked(files: number): Promise<number> {
  const root = join(directory, String(files));
  for (let index = 0; index < files; index++) {
    if (index % 100 === 0) mkdirSync(join(root, nameOf(index), ".."), { recursive: true });
    writeFileSync(join(root, nameOf(index)), "");
  }
  let held = 0;
  class Tree extends LocalTree {
    override async digests(paths: readonly string[]): ReturnType<LocalTree["digests"]> {
      held = await used();
      return paths.map(() => sha256(""));
    }
  }
  const before = await used();
  await selectionDigest(new Tree(root), [copy], { where: "" });
  return held - before;
}

/** Returns the memory of what a build keeps for explanations. Uses the files of {@link walked}. */
async function kept(files: number): Promise<number> {
  class Tree extends LocalTree {
    override async digests(paths: readonly string[]): ReturnType<LocalTree["digests"]> {
      return paths.map((path) => sha256(path));
    }
  }
  const root = join(directory, String(files));
  const lists: (() => Iterable<string>)[] = [];
  const before = await used();
  await selectionDigest(new Tree(root), [copy], { where: "", onSelected: (_, list) => void lists.push(list) });
  const bytes = (await used()) - before;
  if ([...(lists[0]?.() ?? [])].join("").split("\n").length < files) throw new Error("entries are missing");
  return bytes;
}

function* entries(files: number): Generator<PackEntry> {
  for (let index = 0; index < files; index++) {
    const path = nameOf(index).replace(/\d+/g, (digits) => digits.padStart(8, "0"));
    const source = { kind: "path", path: `/somewhere/${path}` } as const;
    yield { path, type: "file", mode: 0o644, uid: 0, gid: 0, size: index, mtime: { sec: index, nsec: 0 }, source, digest: sha256(path) };
  }
}

async function toc(files: number): Promise<number> {
  const before = await used();
  const builder = new TocColumnsBuilder();
  for (const { source: _, digest, ...entry } of entries(files)) builder.add(entry, digest);
  const held = builder.entries();
  const bytes = (await used()) - before;
  if (held.length !== files) throw new Error("entries are missing");
  return bytes;
}

async function sent(files: number): Promise<number> {
  const plan = { entries: { length: files, [Symbol.iterator]: () => entries(files) } };
  const { pieces } = await packedPlan(plan, undefined, undefined);
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

/** Returns the memory of the tree that ADD makes of an archive. */
async function unpacked(files: number): Promise<number> {
  const before = await used();
  const tree = new TreeBuilder(undefined);
  const spooled = new SpooledFiles(join(directory, "contents"));
  const mtime = { sec: 1, nsec: 0 };
  for (const { path, type, mode, uid, gid, size, digest } of entries(files)) {
    const parent = path.slice(0, path.indexOf("/"));
    if (!tree.lookup(parent)) tree.put({ path: parent, type: "dir", mode, uid, gid, size: 0, mtime });
    tree.put({ path, type, mode, uid, gid, size, mtime }, spooled.add(size * 1000, digest as Digest));
  }
  const plan = await tree.plan();
  const bytes = (await used()) - before;
  if (plan.entries.length < files) throw new Error("entries are missing");
  return bytes;
}

/** Returns the memory of the tree that COPY makes of a context, whose files it names by path. */
async function copied(files: number): Promise<number> {
  const before = await used();
  const tree = new TreeBuilder(undefined);
  const source = new TreeBuilder(undefined);
  const mtime = { sec: 1, nsec: 0 };
  for (const { path, type, mode, uid, gid, size } of entries(files)) {
    const parent = path.slice(0, path.indexOf("/"));
    if (!tree.lookup(parent)) tree.put({ path: parent, type: "dir", mode, uid, gid, size: 0, mtime });
    const from = ["somewhere", path].join("/");
    tree.put({ path, type, mode, uid, gid, size, mtime }, { kind: "tree", tree: source, path: from });
  }
  const bytes = (await used()) - before;
  if (tree.contentOf(firstPath()) === undefined) throw new Error("entries are missing");
  return bytes;
}

/** Returns the memory of the tree of a layer that is read. */
async function layer(files: number): Promise<number> {
  const before = await used();
  const tree = new LayerTree();
  const mtime = { sec: 1, nsec: 0 };
  for (const { path, mode, uid, gid, size, digest } of entries(files)) {
    const change = tree.add({ name: path, type: "file", mode, uid, gid, size, mtime }).at(-1);
    if (change?.kind === "create") change.inode.digest = digest;
  }
  const bytes = (await used()) - before;
  if (!tree.inode(firstPath())) throw new Error("entries are missing");
  return bytes;
}

/** Returns the memory of the view of a stack. */
async function view(files: number): Promise<number> {
  const builder = new TocColumnsBuilder();
  for (const { source: _, digest, ...entry } of entries(files)) builder.add(entry, digest);
  const toc = { version: 1, diffId: sha256(""), size: 0, entries: builder.entries(), whiteouts: [] } as const;
  const before = await used();
  const made = new RootfsView([{ layer: "one", toc }]);
  const bytes = (await used()) - before;
  if (!made.lookup(firstPath())) throw new Error("entries are missing");
  return bytes;
}

function firstPath(): string {
  const [{ path } = { path: "" }] = entries(1);
  return path;
}

/**
 * Returns the bytes that one more file takes, once two rounds agree. Things that are made once do
 * not count.
 */
async function perFile(measure: (files: number) => Promise<number>): Promise<number> {
  await measure(500);
  const found: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const once = await measure(FILES);
    const bytes = ((await measure(3 * FILES)) - once) / (2 * FILES);
    // Code that is compiled, or garbage that goes, in a round counts in that round only.
    if (found.some((other) => Math.abs(other - bytes) < AGREED)) return bytes;
    found.push(bytes);
  }
  return found.sort((a, b) => a - b)[ROUNDS >> 1] as number;
}

const bytes: Record<string, number> = {};
for (const measure of [walked, kept, toc, sent, copied, unpacked, layer, view]) bytes[measure.name] = await perFile(measure);
process.stdout.write(JSON.stringify(bytes));
