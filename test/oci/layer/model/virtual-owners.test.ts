import { chownSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { ownersFile } from "../../../../core/system/owners-file.js";
import { lsetxattr } from "../../../../core/system/posix.js";
import { readNode, statOf } from "../../../../oci/layer/write/upper-stat.js";
import { VirtualOwners, writeVirtualOwners } from "../../../../oci/layer/model/virtual-owners.js";
import { OWNER_XATTR } from "../../../../oci/layer/model/xattrs.js";
import { withDirectory } from "../disk.js";
import { requires, withoutRoot } from "../../../support/requires.js";

test("owners of links: written beside the directory, found by the link and not by what takes its place", (t) =>
  withDirectory(async (directory) => {
    const layer = join(directory, "fs");
    mkdirSync(layer);
    const [a, b] = [join(layer, "a"), join(layer, "b")];
    for (const path of [a, b]) symlinkSync("x", path);
    writeVirtualOwners(layer, new Map());
    t.is(new VirtualOwners([layer]).of(a), undefined);
    writeVirtualOwners(layer, new Map([[a, { uid: 33, gid: 40_000 }]]));
    t.regex(readFileSync(ownersFile(layer), "utf8"), /^\d+ \d+ 33 40000\n$/);
    const owners = new VirtualOwners([join(directory, "none"), layer]);
    t.deepEqual([owners.of(a), owners.of(b)], [{ uid: 33, gid: 40_000 }, undefined]);
    rmSync(a);
    symlinkSync("x", a);
    t.is(owners.of(a), undefined);
  }));

const asRoot = requires(withoutRoot);

asRoot("an owner in an attribute counts on files of root only, and only when it is one", (t) =>
  withDirectory(async (directory) => {
    const path = join(directory, "f");
    writeFileSync(path, "");
    const owner = () => {
      const stat = statOf(path);
      const { uid, gid } = (stat && readNode(path, "f", stat)) ?? {};
      return [uid, gid];
    };
    for (const [text, expected] of [
      ["33:34", [33, 34]],
      ["4294967294:0", [4_294_967_294, 0]],
      ["-1:0", [0, 0]],
      ["1:", [0, 0]],
      ["1:2:640", [1, 2]],
      ["1:2:8", [0, 0]],
      ["1:2:640:", [0, 0]],
      ["0x10:1", [0, 0]],
    ] as const) {
      lsetxattr(path, OWNER_XATTR, Buffer.from(text));
      t.deepEqual(owner(), expected, text);
    }
    lsetxattr(path, OWNER_XATTR, Buffer.from("0:0"));
    chownSync(path, 33, 34);
    t.deepEqual(owner(), [33, 34]);
  }),
);
