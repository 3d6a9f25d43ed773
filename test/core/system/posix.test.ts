import { closeSync, lstatSync, mkdirSync, openSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { flock, lgetxattr, llistxattr, lremovexattr, lsetxattr, lutimes, mknod, S_IFCHR, S_IFIFO } from "../../../core/system/posix.js";
import { PosixError } from "../../../core/system/posix-library.js";
import { withDirectory } from "../../oci/layer/disk.js";

test("extended attributes have binary values and any name, also of files whose names are not UTF-8", (t) =>
  withDirectory((directory) => {
    for (const name of ["plain", "é", "bytes-\udcff"]) {
      const path = join(directory, name);
      mknod(path, S_IFIFO | 0o600);
      t.true(lstatSync(name.includes("\udcff") ? Buffer.concat([Buffer.from(`${directory}/bytes-`), Buffer.of(0xff)]) : path).isFIFO());
    }
    const path = join(directory, "file");
    writeFileSync(path, "");
    const value = Buffer.from([0, 255, 10, 0]);
    t.is(lgetxattr(path, "user.none"), undefined);
    lsetxattr(path, "user.binary", value);
    lsetxattr(path, "user.empty", new Uint8Array(0));
    t.deepEqual(lgetxattr(path, "user.binary"), value);
    t.deepEqual(lgetxattr(path, "user.empty"), Buffer.alloc(0));
    t.deepEqual([...llistxattr(path)].sort(), ["user.binary", "user.empty"]);
    lremovexattr(path, "user.binary");
    lremovexattr(path, "user.binary");
    t.deepEqual(llistxattr(path), ["user.empty"]);
    t.deepEqual(llistxattr(directory), []);
  }));

test("errors carry the errno's name, the call and the path", (t) =>
  withDirectory((directory) => {
    const path = join(directory, "missing");
    for (const call of [
      () => llistxattr(path),
      () => lgetxattr(path, "user.a"),
      () => lutimes(path, { sec: 0, nsec: 0 }, { sec: 0, nsec: 0 }),
    ]) {
      const error = t.throws<PosixError>(call, { instanceOf: PosixError });
      t.is(error.code, "ENOENT");
      t.is(error.path, path);
      t.regex(error.message, /^ENOENT: \w+ '.*missing'$/);
    }
    t.is(t.throws<PosixError>(() => llistxattr("a\0b"))?.code, "EINVAL");
    mkdirSync(path);
    t.is(t.throws<PosixError>(() => mknod(path, S_IFCHR))?.code, "EEXIST");
  }));

test("times have nanoseconds, reach before 1970, and are a link's own", (t) =>
  withDirectory((directory) => {
    const link = join(directory, "link");
    symlinkSync("nowhere", link);
    lutimes(link, { sec: 1, nsec: 2 }, { sec: -7, nsec: 123_456_789 });
    const { atimeNs, mtimeNs } = lstatSync(link, { bigint: true });
    t.is(atimeNs, 1_000_000_002n);
    t.is(mtimeNs, -7_000_000_000n + 123_456_789n);
  }));

test("a whiteout device needs no privilege", (t) =>
  withDirectory((directory) => {
    const path = join(directory, "whiteout");
    mknod(path, S_IFCHR);
    const stat = lstatSync(path);
    t.true(stat.isCharacterDevice());
    t.is(stat.rdev, 0);
  }));

test("locks exclude each other between open files", (t) =>
  withDirectory((directory) => {
    const path = join(directory, "lock");
    const [a, b] = [openSync(path, "w"), openSync(path, "w")];
    try {
      t.true(flock(a, "shared"));
      t.true(flock(b, "shared"));
      t.false(flock(a, "exclusive"));
      flock(b, "unlock");
      t.true(flock(a, "exclusive", { wait: true }));
      t.false(flock(b, "shared"));
    } finally {
      closeSync(a);
      closeSync(b);
    }
    t.is(t.throws<PosixError>(() => flock(9999, "shared"))?.code, "EBADF");
  }));
