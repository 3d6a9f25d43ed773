import { chmodSync, lstatSync, mkdirSync, mkdtempSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { TsbuildError } from "../../../core/errors.js";
import { homeDirectory } from "../../../core/system/home.js";
import { storeWithoutHome } from "../../../core/system/store-without-home.js";
import { removeTree } from "../../support/remove-tree.js";

const unknown = (): string => {
  throw new Error("A system error occurred: uv_os_homedir returned ENOENT");
};
const homeless = (): undefined => undefined;
const name = `tsbuild-${process.geteuid?.()}`;

test("HOME is the home, then what the system knows, and an id that it does not know has none", (t) => {
  t.is(homeDirectory({ HOME: "/h" }, unknown), "/h");
  t.is(
    homeDirectory({}, () => "/system"),
    "/system",
  );
  t.is(homeDirectory({}, unknown), undefined);
  t.is(homeDirectory({ HOME: "" }, unknown), undefined);
});

test("a user without a home gets a store of its own, closed to others, and the same one again", (t) => {
  const TMPDIR = mkdtempSync(join(tmpdir(), "home-"));
  try {
    t.is(storeWithoutHome({ TMPDIR }, homeless)?.path, join(TMPDIR, name));
    t.is(lstatSync(join(TMPDIR, name)).mode & 0o777, 0o700);
    t.is(storeWithoutHome({ TMPDIR, XDG_DATA_HOME: "relative" }, homeless)?.path, join(TMPDIR, name));
  } finally {
    removeTree(TMPDIR);
  }
});

test("a home that nothing can be made in is none, but for a store that is there already", (t) => {
  const TMPDIR = mkdtempSync(join(tmpdir(), "home-"));
  try {
    // Nobody can make anything in /proc, root included.
    t.deepEqual(storeWithoutHome({ TMPDIR, HOME: "/proc/self" }), {
      path: join(TMPDIR, name),
      reason: 'nothing can be written to this user\'s home "/proc/self"',
    });
    t.is(storeWithoutHome({ TMPDIR, HOME: join(TMPDIR, "not", "made", "yet") }), undefined);
  } finally {
    removeTree(TMPDIR);
  }
});

test("whoever has a home or names a store gets no other", (t) => {
  t.is(storeWithoutHome({ TMPDIR: "/nowhere" }, tmpdir), undefined);
  t.is(storeWithoutHome({ TMPDIR: "/nowhere", TSBUILD_ROOT: "/s" }, homeless), undefined);
  t.is(storeWithoutHome({ TMPDIR: "/nowhere", XDG_DATA_HOME: "/d" }, homeless), undefined);
});

test("what others made, or may change, is not taken as the store", (t) => {
  const TMPDIR = mkdtempSync(join(tmpdir(), "home-"));
  try {
    mkdirSync(join(TMPDIR, name));
    chmodSync(join(TMPDIR, name), 0o777);
    t.is(t.throws(() => storeWithoutHome({ TMPDIR }, homeless), { instanceOf: TsbuildError })?.code, "store/not-private");
    removeTree(join(TMPDIR, name));
    mkdirSync(join(TMPDIR, "elsewhere"), 0o700);
    symlinkSync("elsewhere", join(TMPDIR, name));
    t.is(t.throws(() => storeWithoutHome({ TMPDIR }, homeless), { instanceOf: TsbuildError })?.code, "store/not-private");
    t.is(t.throws(() => storeWithoutHome({ TMPDIR: "/proc" }, homeless), { instanceOf: TsbuildError })?.code, "store/not-private");
  } finally {
    removeTree(TMPDIR);
  }
});
