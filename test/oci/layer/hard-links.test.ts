import { execFileSync } from "node:child_process";
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { sha256 } from "../../../core/digest.js";
import { layerTasks } from "../../../oci/layer/task-table.js";
import type { NodeMeta } from "../../../core/file-node.js";
import { planFileOp } from "../../../solver/ops/file/plan-file-op.js";
import { LocalTree } from "../../../solver/ops/local/local-tree.js";
import { fileOpOf } from "../../support/samples/copy-line.js";
import { requires, withoutPodman, withoutRoot } from "../../support/requires.js";
import { type Entry, tarOf } from "../tar/build-tar.js";
import { withDirectory } from "./disk.js";

const mediaType = "application/vnd.oci.image.layer.v1.tar";
const { scan, apply } = layerTasks;

/** Makes an image of one layer, as `docker save` writes it. */
function dockerArchive(layer: Buffer): Buffer {
  const config = { architecture: "amd64", os: "linux", config: {}, rootfs: { type: "layers", diff_ids: [sha256(layer)] } };
  return tarOf([
    { name: "config.json", data: JSON.stringify(config) },
    { name: "layer.tar", data: layer },
    { name: "manifest.json", data: JSON.stringify([{ Config: "config.json", Layers: ["layer.tar"], RepoTags: ["t:1"] }]) },
  ]);
}

/**
 * Entries of a layer with one more hard link, and the file afterwards: type, mode, owner and time.
 */
const LATER_LINKS: readonly { readonly title: string; readonly entries: readonly Entry[]; readonly expected: string }[] = [
  {
    title: "a file gets mode, owner and time",
    entries: [
      { name: "a", data: "x", mode: 0o644, uid: 1, gid: 2, mtime: { sec: 1000, nsec: 0 } },
      { name: "b", type: "hardlink", link: "a", mode: 0o4750, uid: 33, gid: 50, mtime: { sec: 2000, nsec: 0 } },
    ],
    expected: "file 4750 33:50 2000",
  },
  {
    title: "the last link counts",
    entries: [
      { name: "a", data: "x", mode: 0o600, uid: 1 },
      { name: "b", type: "hardlink", link: "a", mode: 0o4750, uid: 33 },
      { name: "c", type: "hardlink", link: "a", mode: 0o640, uid: 0, gid: 0, mtime: { sec: 5, nsec: 0 } },
    ],
    expected: "file 640 0:0 5",
  },
  {
    title: "a symlink gets the owner only",
    entries: [
      { name: "a", type: "symlink", link: "q", mode: 0o777, uid: 1, gid: 2, mtime: { sec: 1000, nsec: 0 } },
      { name: "b", type: "hardlink", link: "a", mode: 0o600, uid: 33, gid: 50, mtime: { sec: 2000, nsec: 0 } },
    ],
    expected: "symlink 777 33:50 1000",
  },
];

test("attributes of a hard link's header are added, in base layers and in archives of ADD", (t) =>
  withDirectory(async (directory) => {
    const value = (text: string) => Buffer.from(text).toString("base64");
    const blob = join(directory, "a.tar");
    const entries: readonly Entry[] = [
      { name: "a", data: "x", xattrs: { "user.m": value("first"), "user.z": value("kept") } },
      { name: "b", type: "hardlink", link: "a", xattrs: { "user.m": value("last"), "user.a": value("new") } },
    ];
    writeFileSync(blob, tarOf(entries));
    const expected = [
      ["user.a", value("new")],
      ["user.m", value("last")],
      ["user.z", value("kept")],
    ];
    const attributes = (found: Iterable<NodeMeta>) =>
      [...found].filter(({ type }) => type === "file").map(({ xattrs }) => Object.entries(xattrs ?? {}));
    t.deepEqual(attributes((await scan({ blob, mediaType })).toc.entries), [expected, expected]);
    const plan = await planFileOp(fileOpOf("ADD a.tar /d/"), [undefined, new LocalTree(directory)], {
      describeInput: String,
      mtime: { sec: 0, nsec: 0 },
      readFile: () => Promise.reject(new Error("not asked for")),
      temporaryDirectory: () => mkdtempSync(join(directory, "unpacked-")),
      unpackedLimit: 2 ** 20,
    });
    t.deepEqual(attributes(plan.entries), [expected, expected]);
  }));

test("a hard link's own header counts for the file and all its names", async (t) => {
  for (const { title, entries, expected } of LATER_LINKS) {
    await withDirectory(async (directory) => {
      const blob = join(directory, "l");
      writeFileSync(blob, tarOf(entries));
      const { toc } = await scan({ blob, mediaType });
      const reported = [...toc.entries].map(
        ({ type, mode, uid, gid, mtime: { sec } }) => `${type} ${mode.toString(8)} ${uid}:${gid} ${sec}`,
      );
      t.deepEqual(
        reported,
        entries.map(() => expected),
        title,
      );
    });
  }
});

requires(withoutRoot, withoutPodman())("podman, which unpacks as docker does, agrees about hard links with other headers", async (t) => {
  for (const { title, entries, expected } of LATER_LINKS) {
    await withDirectory(async (directory) => {
      const at = (name: string) => join(directory, name);
      const blob = at("l");
      writeFileSync(blob, tarOf(entries));
      mkdirSync(at("ours"));
      await apply({ blob, mediaType, dest: at("ours") });
      writeFileSync(at("image.tar"), dockerArchive(readFileSync(blob)));
      const podman = ["--root", at("root"), "--runroot", at("run"), "--storage-driver", "vfs"];
      execFileSync("podman", [...podman, "load", "-q", "-i", at("image.tar")], { stdio: "pipe" });
      const [theirs = ""] = readdirSync(at("root/vfs/dir"));
      const found = (root: string) =>
        entries.map(({ name }) => {
          const stat = lstatSync(join(root, name));
          const type = stat.isSymbolicLink() ? "symlink" : "file";
          return `${type} ${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid} ${Math.floor(stat.mtimeMs / 1000)}`;
        });
      t.deepEqual(
        found(at("ours")),
        entries.map(() => expected),
        title,
      );
      t.deepEqual(found(join(at("root/vfs/dir"), theirs)), found(at("ours")), title);
    });
  }
});
