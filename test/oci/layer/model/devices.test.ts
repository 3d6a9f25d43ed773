import { chmodSync, chownSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { lgetxattr, lsetxattr } from "../../../../core/system/posix.js";
import { recordDevice } from "../../../../oci/layer/model/devices.js";
import { DEVICE_XATTR } from "../../../../oci/layer/model/xattrs.js";
import { readNode, statOf } from "../../../../oci/layer/write/upper-stat.js";
import { requires, withoutRoot } from "../../../support/requires.js";
import { withDirectory } from "../disk.js";

const DISK = { type: "block", mode: 0o640, uid: 33, gid: 34, device: { major: 8, minor: 1_048_575 } } as const;

/** Returns what a layer has of a file with this mode. */
function seen(path: string, mode: number): unknown {
  chmodSync(path, mode);
  const stat = statOf(path);
  const { mtime: _, ...node } = (stat && readNode(path, "f", stat)) ?? { mtime: undefined };
  return node;
}

test("a device is an empty file with an attribute, which counts only where nobody else can write it", (t) =>
  withDirectory(async (directory) => {
    const path = join(directory, "f");
    writeFileSync(path, "");
    recordDevice(path, DISK);
    t.is(lgetxattr(path, DEVICE_XATTR)?.toString(), "b:8:1048575:640:33:34");
    t.deepEqual(seen(path, 0o600), { path: "f", size: 0, ...DISK });
    for (const mode of [0o602, 0o620, 0o640, 0o604, 0o666])
      t.like(seen(path, mode), { type: "file", device: undefined, xattrs: undefined }, mode.toString(8));
    for (const text of ["", "b", "d:8:0:640:0:0", "b:8:0:640:0", "b:8:0:648:0:0", "b:-8:0:640:0:0", "b:8:0:640:0:0:0"]) {
      lsetxattr(path, DEVICE_XATTR, Buffer.from(text));
      t.like(seen(path, 0o600), { type: "file", xattrs: undefined }, text);
    }
    rmSync(path);
  }));

requires(withoutRoot)("a user of an image makes no device of a file", (t) =>
  withDirectory(async (directory) => {
    const path = join(directory, "f");
    writeFileSync(path, "");
    recordDevice(path, DISK);
    chownSync(path, 33, 34);
    t.like(seen(path, 0o600), { type: "file", uid: 33, device: undefined });
  }),
);
