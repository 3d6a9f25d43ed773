import test from "ava";
import type { FileTree } from "../../../../oci/layer/model/toc.js";
import { resolveOwner } from "../../../../solver/ops/file/owner.js";

/** Makes a tree with one file, of any size. */
function treeWith(path: string, size: number): FileTree {
  const entry = { path, type: "file", mode: 0o644, uid: 0, gid: 0, size, mtime: { sec: 0, nsec: 0 } };
  return { lookup: (asked: string) => (asked === path ? entry : undefined), children: () => [] } as unknown as FileTree;
}

test("databases of users that are too large are refused before a byte is read", async (t) => {
  const readFile = async (): Promise<Uint8Array> => {
    throw new Error("it was read");
  };
  for (const [file, owner] of [
    ["etc/passwd", { user: "app" }],
    ["etc/group", { group: "app" }],
  ] as const) {
    await t.throwsAsync(resolveOwner(owner, treeWith(file, 2 ** 40), { readFile }), {
      code: "copy/user-database",
      message: new RegExp(`/${file} of the image is 1099511627776 bytes long`),
    });
    // Numbers need no database.
    t.deepEqual(await resolveOwner({ user: 5, group: 6 }, treeWith(file, 2 ** 40), { readFile }), { uid: 5, gid: 6 });
  }
});
