import type { TestFn } from "ava";
import type { FileStat, StatShard } from "../../cache/contract/stats.js";
import { type Digest, sha256 } from "../../core/digest.js";
import { DigestColumn } from "../../oci/layer/model/digest-column.js";

const STAT: FileStat = { dev: 1n, ino: 2n, size: 3n, mtimeNs: 4_000_000_001n, ctimeNs: 5_000_000_001n };
/** Long after the file changed. */
const LATER = 10n ** 18n;

/** Returns the digest that a shard has of a file. */
export function digestIn(shard: StatShard, stat: FileStat): Digest | undefined {
  const column = new DigestColumn();
  return shard.copyDigest(stat, column, 3) ? column.get(3) : undefined;
}

/**
 * Checks the contract of {@link StatShard}. `make` returns an empty one that lasts as long as the
 * test.
 */
export function statShardConformance(test: TestFn, title: string, make: (onEnd: (end: () => void) => void) => StatShard): void {
  test(`${title}: knows a file that was set, with its attributes`, (t) => {
    const shard = make(t.teardown);
    t.deepEqual([digestIn(shard, STAT), shard.xattrs(STAT)], [undefined, undefined]);
    shard.set(STAT, { digest: sha256("a"), xattrs: { "user.a": "AAE=" } }, LATER);
    t.is(digestIn(shard, STAT), sha256("a"));
    t.deepEqual(shard.xattrs(STAT), { "user.a": "AAE=" });
    shard.set(STAT, { digest: sha256("b") }, LATER);
    t.deepEqual([digestIn(shard, STAT), shard.xattrs(STAT)], [sha256("b"), undefined]);
    shard.save();
    t.is(digestIn(shard, STAT), sha256("b"));
  });

  test(`${title}: does not know a file that has changed, or another file`, (t) => {
    const shard = make(t.teardown);
    shard.set(STAT, { digest: sha256("a") }, LATER);
    for (const change of [{ size: 4n }, { mtimeNs: 6n }, { ctimeNs: 6n }, { ino: 7n }, { dev: 7n }])
      t.is(digestIn(shard, { ...STAT, ...change }), undefined, Object.keys(change).join());
    t.is(digestIn(shard, STAT), sha256("a"));
  });
}
