import { chmodSync, chownSync, existsSync, mkdirSync, rmSync, statSync, symlinkSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { lockFile } from "../../cache/processes/lock-file.js";
import { openStore } from "../../cache/open-store.js";
import { storePaths } from "../../cache/paths.js";
import type { Store } from "../../cache/store.js";
import { sha256 } from "../../core/digest.js";
import { flock } from "../../core/system/posix.js";
import { requires, withoutRoot } from "../support/requires.js";
import { temporaryRoot } from "./support.js";

const modeOf = (path: string) => statSync(path).mode & 0o7777;
const asRoot = requires(withoutRoot);

/** Everything that may be the first that is ever written to a store. */
const FIRST_WRITES: Readonly<Record<string, (store: Store) => unknown>> = {
  "a memo": (store) => store.memo.set("ast", "key", "value"),
  "a lock": (store) => store.locks.tryAcquire("key")?.release(),
  "a blob": (store) => store.blobs.writeSmall("bytes"),
  "a row": (store) =>
    store.layers.addRemote({ diffId: sha256("d"), blob: { mediaType: "m", digest: sha256("b"), size: 1 }, origin: undefined }),
  "an active snapshot": (store) => store.layers.prepare(),
  "a temporary directory": (store) => store.temporaryDirectory(),
  "a cache mount": (store) => store.cacheMountPath("id", "name"),
  "a stat shard": (store) => {
    const shard = store.stats.shard("/context");
    shard.set({ dev: 1n, ino: 2n, size: 3n, mtimeNs: 4n, ctimeNs: 5n }, { digest: sha256("x") }, 10n ** 18n);
    shard.save();
  },
};

for (const [what, write] of Object.entries(FIRST_WRITES)) {
  test(`${what}, written first, makes a store that is closed to other users`, (t) => {
    const root = join(temporaryRoot(t.teardown), "parent", "store");
    const store = openStore({ root });
    write(store);
    store.close();
    t.is(modeOf(storePaths(root).base), 0o700);
    for (const directory of [root, join(root, "..")]) t.is(modeOf(directory) & 0o022, 0, directory);
  });

  test(`${what}, written after the store was removed under a handle, opens nothing to others`, (t) => {
    const root = join(temporaryRoot(t.teardown), "store");
    const { base } = storePaths(root);
    const store = openStore({ root });
    write(store);
    rmSync(root, { recursive: true });
    try {
      write(store);
    } catch {
      // This test does not ask whether the file is writable.
    }
    t.true(!existsSync(base) || modeOf(base) === 0o700);
    store.close();
    t.true(!existsSync(base) || modeOf(base) === 0o700);
  });
}

test("a store that an older version left open is closed when a handle is made, before anything is asked", (t) => {
  const root = temporaryRoot(t.teardown);
  const { base } = storePaths(root);
  mkdirSync(base);
  for (const mode of [0o755, 0o777, 0o750, 0o2770, 0o701]) {
    chmodSync(base, mode);
    openStore({ root }).close();
    t.is(modeOf(base) & 0o777, 0o700, mode.toString(8));
  }
});

test("a link of this user's leads to the store, whose directory is closed", (t) => {
  const root = temporaryRoot(t.teardown);
  const elsewhere = join(root, "elsewhere");
  mkdirSync(elsewhere);
  chmodSync(elsewhere, 0o755);
  symlinkSync(elsewhere, storePaths(root).base);
  openStore({ root }).close();
  t.is(modeOf(elsewhere), 0o700);
});

asRoot("a store of another user is refused, also by a link, and nothing is changed", (t) => {
  for (const link of [false, true]) {
    const root = temporaryRoot(t.teardown);
    const { base } = storePaths(root);
    const place = link ? join(root, "place") : base;
    mkdirSync(place);
    chmodSync(place, 0o755);
    chownSync(place, 12_345, 12_345);
    if (link) symlinkSync(place, base);
    const error = t.throws(() => openStore({ root }), { code: "store/foreign" });
    t.true(error.message.includes("it belongs to user 12345, and this is user 0"), error.message);
    t.is(modeOf(place), 0o755);
  }
});

test("a lock on a file that its last owner has removed meanwhile is none: two never hold one lock", (t) => {
  const directory = temporaryRoot(t.teardown);
  const path = join(directory, "lock");
  const nothing = () => undefined;
  const holders: (number | undefined)[] = [];
  // Between opening and locking, the holder releases the lock, which removes the file, and the next
  // holder takes it in a new file.
  const overtaken = (fd: number): boolean => {
    if (holders.length === 0) {
      unlinkSync(path);
      holders.push(lockFile(path, nothing));
    }
    return flock(fd, "exclusive");
  };
  t.is(lockFile(path, nothing, overtaken), undefined);
  t.is(typeof holders[0], "number");
});
