import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "ava";
import { sha256 } from "../../../core/digest.js";
import { digestIn } from "../../conformance/stat-shard.js";
import { open, temporaryRoot } from "../support.js";

test("stat index: finds what did not change and forgets what is not seen; distrusts what is too young", (t) => {
  const root = temporaryRoot(t.teardown);
  const { stats } = open(t.teardown, root);
  const stat = (ino: number, ns = 1_700_000_000_123_456_789n) => ({ dev: 66n, ino: BigInt(ino), size: 7n, mtimeNs: ns, ctimeNs: ns });
  const later = 1_700_000_100_000_000_000n;
  const shard = stats.shard("/context");
  // An inode beyond 32 bits, and one that shares its low half.
  const inodes = [1, 2, 3, 2 ** 40 + 1, 2 ** 52];
  for (const ino of inodes) shard.set(stat(ino), { digest: sha256(`${ino}`) }, later);
  t.is(digestIn(shard, stat(1)), sha256("1"));
  shard.save();
  const loaded = stats.shard("/context");
  t.deepEqual(
    inodes.map((ino) => digestIn(loaded, stat(ino))),
    inodes.map((ino) => sha256(`${ino}`)),
  );
  const changed = [{ ...stat(1), size: 8n }, { ...stat(1), mtimeNs: 1n }, { ...stat(1), ctimeNs: 1n }, { ...stat(1), dev: 67n }, stat(9)];
  t.deepEqual(
    changed.map((one) => digestIn(loaded, one)),
    changed.map(() => undefined),
  );
  t.is(digestIn(stats.shard("/other"), stat(1)), undefined);
  const next = stats.shard("/context");
  digestIn(next, stat(2));
  next.set(stat(3, later - 1_000_000_001n), { digest: sha256("new 3") }, later);
  next.save();
  const last = stats.shard("/context");
  t.deepEqual(
    [digestIn(last, stat(1)), digestIn(last, stat(2)), digestIn(last, stat(3)), digestIn(last, stat(3, later - 1_000_000_001n))],
    [undefined, sha256("2"), undefined, sha256("new 3")],
  );
  const young = stats.shard("/young");
  const second = 1_700_000_000_000_000_000n;
  young.set(stat(1, later - 5_000_000n), { digest: sha256("tick") }, later);
  young.set(stat(2, later + 5n), { digest: sha256("future") }, later);
  young.set(stat(3, second), { digest: sha256("whole seconds") }, second + 1_500_000_000n);
  young.set(stat(4, second), { digest: sha256("old enough") }, second + 2_500_000_000n);
  t.deepEqual(
    [1, 2].map((ino) => digestIn(young, stat(ino, later - 5_000_000n))),
    [undefined, undefined],
  );
  t.deepEqual([digestIn(young, stat(3, second)), digestIn(young, stat(4, second))], [undefined, sha256("old enough")]);
  const [file] = readdirSync(join(root, "v1", "stat"));
  const path = join(root, "v1", "stat", file as string);
  const bytes = readFileSync(path);
  bytes[60] = (bytes[60] as number) ^ 1;
  writeFileSync(path, bytes);
  t.is(digestIn(stats.shard("/context"), stat(2)), undefined);
});

test("stat index: attributes are remembered as long as their file is, also when another file is added", (t) => {
  const { stats } = open(t.teardown, temporaryRoot(t.teardown));
  const stat = (ino: number) => ({ dev: 66n, ino: BigInt(ino), size: 7n, mtimeNs: 1n, ctimeNs: 1n });
  const later = 1_700_000_100_000_000_000n;
  const noted = stats.shard("/noted");
  noted.set(stat(1), { digest: sha256("1"), xattrs: { "user.a": "AP8=" } }, later);
  noted.set(stat(2), { digest: sha256("2"), xattrs: { "user.b": "" } }, later);
  noted.set(stat(3), { digest: sha256("3") }, later);
  t.deepEqual([noted.xattrs(stat(1)), noted.xattrs(stat(3))], [{ "user.a": "AP8=" }, undefined]);
  noted.save();
  const again = stats.shard("/noted");
  t.deepEqual([digestIn(again, stat(1)), digestIn(again, stat(3))], [sha256("1"), sha256("3")]);
  again.set(stat(3), { digest: sha256("3"), xattrs: { "user.c": "Yw==" } }, later);
  again.save();
  const third = stats.shard("/noted");
  t.deepEqual(
    [1, 2, 3].map((ino) => digestIn(third, stat(ino))),
    [sha256("1"), undefined, sha256("3")],
  );
  t.deepEqual(
    [1, 2, 3].map((ino) => third.xattrs(stat(ino))),
    [{ "user.a": "AP8=" }, undefined, { "user.c": "Yw==" }],
  );
  third.set(stat(1), { digest: sha256("1") }, later);
  t.is(third.xattrs(stat(1)), undefined);
});
