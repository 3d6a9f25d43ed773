import { execFileSync } from "node:child_process";
import { appendFileSync, chmodSync, linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { CanceledError } from "../../../../core/errors.js";
import { sha256 } from "../../../../core/digest.js";
import type { FileTree } from "../../../../oci/layer/model/toc.js";
import { encodePath } from "../../../../core/system/path-bytes.js";
import { lsetxattr } from "../../../../core/system/posix.js";
import { hashFiles } from "../../../../solver/ops/local/hash-files.js";
import { hashFilesTask, hashOnThreads } from "../../../../solver/ops/local/hash-on-threads.js";
import { IgnoreRules } from "../../../../solver/ops/local/ignore-rules.js";
import { LocalTree } from "../../../../solver/ops/local/local-tree.js";
import { MemoryShard } from "../../../support/memory-shard.js";
import { requires, withoutOrdinaryUser } from "../../../support/requires.js";

const scratch = mkdtempSync(join(tmpdir(), "tsbuild-local-tree-"));
test.after.always(() => rmSync(scratch, { recursive: true, force: true }));
let directories = 0;
function directory(files: Readonly<Record<string, string>> = {}): string {
  const path = join(scratch, String(directories++));
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, ".."), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

function all(tree: FileTree, path = ""): string[] {
  return tree.children(path).flatMap((name) => {
    const at = path === "" ? name : `${path}/${name}`;
    return [at, ...all(tree, at)];
  });
}

const rules = (...patterns: string[]): IgnoreRules => new IgnoreRules(patterns.map((pattern, index) => ({ pattern, line: index + 1 })));

test("files belong to root, modes and times stay", (t) => {
  const root = directory({ "d/f": "hello" });
  chmodSync(join(root, "d/f"), 0o4751);
  execFileSync("touch", ["-d", "1969-12-31 23:59:58.75 UTC", join(root, "d/f")]);
  symlinkSync("../x", join(root, "d/l"));
  const tree = new LocalTree(root);
  t.deepEqual(tree.lookup("d/f"), {
    path: "d/f",
    type: "file",
    mode: 0o4751,
    uid: 0,
    gid: 0,
    size: 5,
    mtime: { sec: -2, nsec: 750_000_000 },
  });
  t.is(tree.lookup("d/l")?.link, "../x");
  t.like(tree.lookup(""), { type: "dir", mode: 0o755 });
  t.is(tree.lookup("d/f/none"), undefined);
  t.is(tree.lookup("none/x"), undefined);
  t.is(tree.lookup(`d/${"n".repeat(300)}`), undefined);
  t.deepEqual(tree.content("d/f"), { kind: "path", path: join(root, "d/f") });
});

test("no method follows symlinks", (t) => {
  const root = directory({ "d/f": "x" });
  symlinkSync("d", join(root, "l"));
  const tree = new LocalTree(root);
  t.is(tree.lookup("l/f"), undefined);
  t.deepEqual(tree.children("l"), []);
});

test("one state for the whole build", (t) => {
  const root = directory({ a: "1" });
  const tree = new LocalTree(root);
  t.deepEqual(tree.children(""), ["a"]);
  t.is(tree.lookup("later"), undefined);
  writeFileSync(join(root, "later"), "");
  writeFileSync(join(root, "a"), "22");
  t.is(tree.lookup("later"), undefined);
  t.deepEqual(tree.children(""), ["a"]);
  t.is(new LocalTree(root).lookup("a")?.size, 2);
});

test("only what is asked for is looked at", (t) => {
  const root = directory({ "big/a": "", "big/b": "", "package.json": "{}" });
  const locked = process.getuid?.() !== 0;
  if (locked) chmodSync(join(root, "big"), 0);
  const tree = new LocalTree(root);
  t.is(tree.lookup("package.json")?.size, 2);
  if (locked) {
    t.throws(() => tree.children("big"), { code: "context/unreadable" });
    chmodSync(join(root, "big"), 0o755);
  }
});

test("sockets are left out, fifos are not", async (t) => {
  const root = directory({ a: "" });
  execFileSync("mkfifo", [join(root, "fifo")]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(root, "socket"), resolve));
  try {
    const tree = new LocalTree(root);
    t.is(tree.lookup("socket"), undefined);
    t.deepEqual(tree.children(""), ["a", "fifo"]);
    t.is(tree.lookup("fifo")?.type, "fifo");
  } finally {
    server.close();
  }
});

test("names that are not UTF-8", async (t) => {
  const root = directory();
  for (const name of ["a\udcff", "b\ufffd"]) writeFileSync(encodePath(join(root, name)), name);
  const tree = new LocalTree(root);
  t.deepEqual(tree.children(""), ["a\udcff", "b\ufffd"]);
  t.deepEqual((await tree.digests(["a\udcff", "b\ufffd"])).slice(), [sha256("a\udcff"), sha256("b\ufffd")]);
});

test("hard links", (t) => {
  const root = directory({ a: "x", single: "y" });
  linkSync(join(root, "a"), join(root, "b"));
  const tree = new LocalTree(root);
  all(tree).forEach((path) => tree.lookup(path));
  t.deepEqual(tree.linksOf("b"), ["a", "b"]);
  t.is(tree.linksOf("b"), tree.linksOf("a"));
  t.is(tree.linksOf("single"), undefined);
});

test(".dockerignore", (t) => {
  const files = { "a/b/keep": "", "a/b/drop": "", "a/c": "", "n/x": "", "n/deep/keep": "", "log/1.log": "", "README.md": "", "x.md": "" };
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [[], ["README.md", "a", "a/b", "a/b/drop", "a/b/keep", "a/c", "log", "log/1.log", "n", "n/deep", "n/deep/keep", "n/x", "x.md"]],
    [["*"], []],
    [
      ["*", "!a/b/keep"],
      ["a", "a/b", "a/b/keep"],
    ],
    [
      ["*", "!**/keep"],
      ["a", "a/b", "a/b/keep", "n", "n/deep", "n/deep/keep"],
    ],
    [
      ["*", "!a", "a/b/drop"],
      ["a", "a/b", "a/b/keep", "a/c"],
    ],
    [
      ["a", "n", "!n/x"],
      ["README.md", "log", "log/1.log", "n", "n/x", "x.md"],
    ],
    [
      ["**/*.log", "*.md", "!README.md", "a/**", "n"],
      ["README.md", "a", "log"],
    ],
    [
      ["a/", "n/*/"],
      ["README.md", "log", "log/1.log", "n", "x.md"],
    ],
  ];
  for (const [patterns, expected] of cases) {
    const root = directory(files);
    const listed = all(new LocalTree(root, { ignore: rules(...patterns) }));
    t.deepEqual(listed, expected, patterns.join(" "));
    // The same paths are there when they are asked for one by one, without a listing.
    const tree = new LocalTree(root, { ignore: rules(...patterns) });
    const found = Object.keys(files).filter((path) => tree.lookup(path));
    t.deepEqual(found.sort(), expected.filter((path) => path in files).sort(), `lookup: ${patterns.join(" ")}`);
  }
});

requires(withoutOrdinaryUser)("an excluded directory that cannot be read is no error", (t) => {
  const root = directory({ "git/secret/x": "", a: "" });
  const secret = join(root, "git/secret");
  chmodSync(secret, 0);
  t.teardown(() => chmodSync(secret, 0o755));
  t.deepEqual(all(new LocalTree(root, { ignore: rules("git") })), ["a"]);
  // Nor when exceptions bring back something of other directories.
  t.deepEqual(all(new LocalTree(root, { ignore: rules("*", "!*/target/*.jar", "!a") })), ["a"]);
});

test("which rule hides a path", (t) => {
  const root = directory({ "d/x.log": "", "d/keep.log": "", e: "" });
  const tree = new LocalTree(root, { ignore: rules("", "*.md", "d", "**/*.log", "!d/keep.log") });
  t.deepEqual(tree.hiddenBy("d/x.log"), { pattern: "d", line: 3 });
  t.is(tree.hiddenBy("d/keep.log"), undefined);
  t.is(tree.hiddenBy("e"), undefined);
  t.is(tree.hiddenBy("d/none"), undefined);
});

test("digests are read once, and not at all when the stat index knows them", async (t) => {
  const root = directory({ a: "A", b: "B", "d/c": "C" });
  const stats = new MemoryShard();
  const tree = new LocalTree(root, { stats });
  t.deepEqual((await tree.digests(["a", "d/c", "a"])).slice(), [sha256("A"), sha256("C"), sha256("A")]);
  t.is(stats.known.size, 2);
  const known = new LocalTree(root, { stats, hashFiles: () => Promise.reject(new Error("read")) });
  t.deepEqual((await known.digests(["a", "d/c"])).slice(), [sha256("A"), sha256("C")]);
  t.deepEqual((await new LocalTree(root, { stats }).digests(["b"])).slice(), [sha256("B")]);
});

test("user attributes of files come with their digests", async (t) => {
  const root = directory({ a: "A", b: "B", "d/plain": "C", l: "x" });
  lsetxattr(join(root, "a"), "user.note", Buffer.from("hi"));
  lsetxattr(join(root, "a"), "user.empty", Buffer.alloc(0));
  lsetxattr(join(root, "b"), "user.other", Buffer.from([0, 255]));
  // Bookkeeping of our own and of overlayfs says nothing of the file.
  for (const name of ["user.tsbuild.owner", "user.overlay.opaque"]) lsetxattr(join(root, "d/plain"), name, Buffer.from("y"));
  lsetxattr(join(root, "d"), "user.note", Buffer.from("of a directory"));
  const noted = { "user.empty": "", "user.note": "aGk=" };
  const stats = new MemoryShard();
  const tree = new LocalTree(root, { stats });
  t.is(tree.lookup("a")?.xattrs, undefined);
  await tree.digests(["a", "b", "d/plain"]);
  t.deepEqual([tree.lookup("a")?.xattrs, tree.lookup("b")?.xattrs], [noted, { "user.other": "AP8=" }]);
  t.deepEqual([...tree.found.keys()], ["a", "b"]);
  t.false("xattrs" in (tree.lookup("d/plain") as object));
  t.is(tree.lookup("d")?.xattrs, undefined);
  // The next build reads nothing.
  const next = new LocalTree(root, { stats, hashFiles: () => Promise.reject(new Error("read")) });
  await next.digests(["a", "d/plain"]);
  t.deepEqual([next.lookup("a")?.xattrs, [...next.found]], [noted, [["a", noted]]]);
  // Other threads find the same.
  const hash = hashOnThreads(async (params) => structuredClone(await hashFilesTask(params, { aborted: false })), 2);
  const paths = ["a", "b", "d/plain"].map((name) => join(root, name));
  t.deepEqual([...(await hash(paths))], [...(await hashFiles(paths))]);
});

test("big sets go to the pool that was given", async (t) => {
  const root = directory();
  const names = Array.from({ length: 16_400 }, (_, index) => `f${index}`);
  for (const name of names) writeFileSync(join(root, name), "");
  let pooled = 0;
  const tree = new LocalTree(root, {
    hashFiles: (paths, options) => {
      pooled += paths.length;
      return hashFiles(paths, options);
    },
  });
  await tree.digests(names.slice(0, 10));
  t.is(pooled, 0);
  await tree.digests(names);
  t.is(pooled, 16_390);
  // A hole: many bytes, none of them on disk.
  writeFileSync(join(root, "large"), "");
  truncateSync(join(root, "large"), (192 << 20) + 1);
  let large = 0;
  const hashed = { digest: sha256(""), stat: { dev: 0n, ino: 0n, size: 0n, mtimeNs: 0n, ctimeNs: 0n } };
  const other = new LocalTree(root, { hashFiles: async (paths) => paths.map(() => ((large += 1), hashed)) });
  await t.throwsAsync(other.digests(["large"]), { code: "context/file-changed" });
  t.is(large, 1);
});

test("hashing in batches gives what hashing here gives, in order; the first failure counts", async (t) => {
  const files = Object.fromEntries(Array.from({ length: 1300 }, (_, index) => [`f${index}`, `file ${index}`]));
  const root = directory(files);
  const paths = Object.keys(files).map((name) => join(root, name));
  let batches = 0;
  const hash = hashOnThreads(async (params) => {
    batches++;
    return structuredClone(await hashFilesTask(params, { aborted: false }));
  }, 2);
  t.deepEqual([...(await hash(paths))], [...(await hashFiles(paths))]);
  t.is(batches, 8);
  batches = 0;
  t.is([...(await hash(paths.slice(0, 3)))].length, 3);
  t.is(batches, 3);
  t.deepEqual([...(await hash([]))], []);
  await t.throwsAsync(hash([...paths, join(root, "nowhere")]), { code: "ENOENT" });
  await t.throwsAsync(hashFilesTask({ paths: [...paths, ...paths, ...paths] }, { aborted: true }), { instanceOf: CanceledError });
});

test("a file that changes, vanishes or becomes a link while it is read", async (t) => {
  const changes: readonly ((path: string) => void)[] = [
    (path) => appendFileSync(path, "more"),
    (path) => rmSync(path),
    (path) => {
      rmSync(path);
      symlinkSync("/etc/passwd", path);
    },
    (path) => {
      rmSync(path);
      execFileSync("mkfifo", [path]);
    },
  ];
  for (const change of changes) {
    const root = directory({ a: "A" });
    const tree = new LocalTree(root);
    tree.lookup("a");
    change(join(root, "a"));
    await t.throwsAsync(tree.digests(["a"]), { code: "context/file-changed", message: /"a" of the build context/ });
  }
});

test("hashing large files leaves the event loop room and can be stopped", async (t) => {
  const root = directory();
  const large = Buffer.alloc(96 << 20, 7);
  writeFileSync(join(root, "large"), large);
  const tree = new LocalTree(root);
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  const digest = (await tree.digests(["large"])).at(0);
  clearInterval(timer);
  t.is(digest, sha256(large));
  t.true(turns >= 2, `${turns} turns`);
  const abort = new AbortController();
  const stopped = new LocalTree(root).digests(["large"], abort.signal);
  abort.abort();
  await t.throwsAsync(stopped, { code: "build/canceled" });
});

test("a context that is none", (t) => {
  const root = directory({ file: "" });
  t.throws(() => new LocalTree(join(root, "none")), { code: "context/not-a-directory", message: /no such directory/ });
  t.throws(() => new LocalTree(join(root, "file")), { code: "context/not-a-directory" });
  symlinkSync(root, join(root, "link"));
  t.deepEqual(new LocalTree(join(root, "link")).children(""), ["file", "link"]);
});
