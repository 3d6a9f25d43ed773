import test from "ava";
import { createHash } from "node:crypto";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Digest } from "../../../core/digest.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import type { NodeMeta } from "../../../core/file-node.js";
import { contentDigest } from "../../../solver/buildkit-keys/content-digest.js";
import { goJson, omitEmpty } from "../../../solver/buildkit-keys/go-json.js";
import type { ContentSelector } from "../../../solver/buildkit-keys/key-vertex.js";
import { LocalTree } from "../../../solver/ops/local/local-tree.js";

const select = (path: string, more: Partial<ContentSelector> = {}): ContentSelector => ({
  path,
  wildcard: false,
  followLinks: true,
  include: [],
  exclude: [],
  ...more,
});

function tree(nodes: Readonly<Record<string, Partial<NodeMeta> & { readonly text?: string }>>): FileTree {
  const all = new Map<string, NodeMeta>();
  const base = { uid: 0, gid: 0, size: 0, mtime: { sec: 0, nsec: 0 } };
  all.set("", { ...base, path: "", type: "dir", mode: 0o755 });
  const texts = new Map<string, string>();
  for (const [path, { text = "", ...node }] of Object.entries(nodes)) {
    texts.set(path, text);
    all.set(path, { ...base, path, type: "file", mode: 0o644, size: text.length, ...node });
  }
  const parent = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf("/")));
  return {
    lookup: (path) => all.get(path),
    children: (path) =>
      [...all.keys()]
        .filter((child) => child !== "" && parent(child) === path)
        .map((child) => child.slice(child.lastIndexOf("/") + 1))
        .sort(),
    digests: async (paths) => paths.map((path) => sha256(texts.get(path) ?? "")),
    content: (path) => ({ kind: "bytes", data: Buffer.from(texts.get(path) ?? "") }),
  };
}

const sha256 = (text: string): Digest => `sha256:${createHash("sha256").update(text).digest("hex")}` as Digest;
const local = { local: true };

test("the digest of one file is that of its header and content, hashed once more", async (t) => {
  const header = "namemode420uid0gid0size6typeflag0linknameunamegnamedevmajor0devminor0";
  t.is(await contentDigest(tree({ "a.txt": { text: "hello\n" } }), [select("/a.txt")], local), sha256(sha256(`${header}hello\n`)));
});

test("modes, owners, names, links and contents count; times and what is beside do not", async (t) => {
  const files = {
    d: { type: "dir", mode: 0o755 },
    "d/a": { text: "a" },
    "d/l": { type: "symlink", link: "a" },
    other: { text: "x" },
  } as const;
  const digest = (changed: Parameters<typeof tree>[0]) => contentDigest(tree({ ...files, ...changed }), [select("/d")], local);
  const same = await digest({});
  t.is(await digest({ "d/a": { text: "a", mtime: { sec: 5, nsec: 0 } }, other: { text: "y" } }), same);
  const changes: readonly Parameters<typeof tree>[0][] = [
    { "d/a": { text: "b" } },
    { "d/a": { text: "a", mode: 0o600 } },
    { "d/a": { text: "a", uid: 1 } },
    { "d/a": { text: "a", gid: 1 } },
    { "d/l": { type: "symlink", link: "b" } },
    { "d/b": { text: "" } },
    { d: { type: "dir", mode: 0o700 } },
  ];
  const digests = await Promise.all(changes.map(digest));
  t.is(new Set([same, ...digests]).size, changes.length + 1);
});

test("what BuildKit's digest would not distinguish has none", async (t) => {
  const cases: Readonly<Record<string, Parameters<typeof tree>[0]>> = {
    "an extended attribute": { a: { xattrs: { "user.x": "eA==" } } },
    "a device": { a: { type: "char", device: { major: 1, minor: 3 } } },
    "a pipe": { a: { type: "fifo" } },
    "a link whose target is no text": { a: { type: "symlink", link: "\udc80" } },
    "nothing there": {},
  };
  for (const [name, nodes] of Object.entries(cases)) {
    t.is(await contentDigest(tree(nodes), [select("/a", { followLinks: false })], local), undefined, name);
  }
  t.is(await contentDigest(tree({ d: { type: "dir" }, "d/\udc80": {} }), [select("/d")], local), undefined, "a name that is no text");
});

test("hard links, and files that changed since our key was made, have no digest", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-content-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  mkdirSync(join(directory, "linked"));
  writeFileSync(join(directory, "linked/a"), "a");
  linkSync(join(directory, "linked/a"), join(directory, "linked/b"));
  writeFileSync(join(directory, "changing"), "1");
  symlinkSync("changing", join(directory, "soft"));
  const context = new LocalTree(directory);
  t.is(await contentDigest(context, [select("/linked")], local), undefined);
  const before = await contentDigest(context, [select("/changing")], local);
  t.truthy(before);
  t.is(await contentDigest(context, [select("/soft")], local), before, "a link is followed");
  writeFileSync(join(directory, "changing"), "2");
  t.is(await contentDigest(context, [select("/changing")], local), undefined);
});

test("files that cannot be read any more have no digest", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-content-"));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  for (const name of ["gone", "replaced"]) writeFileSync(join(directory, name), name);
  const context = new LocalTree(directory);
  for (const name of ["gone", "replaced"]) t.truthy(context.lookup(name));
  for (const name of ["gone", "replaced"]) rmSync(join(directory, name));
  mkdirSync(join(directory, "replaced"));
  for (const name of ["gone", "replaced"]) t.is(await contentDigest(context, [select(`/${name}`)], local), undefined, name);
});

test("JSON as Go writes it", (t) => {
  t.is(goJson({ a: "<b> & \u2028 é \b\t" }), '{"a":"\\u003cb\\u003e \\u0026 \\u2028 é \\b\\t"}');
  t.is(goJson({ a: ["\udc80"] }), undefined);
  t.deepEqual(omitEmpty({ a: "", b: 0, c: false, d: [], e: undefined, f: -1, g: {} }), { f: -1, g: {} });
});
