import test from "ava";
import { LocalRows } from "../../../../solver/ops/local/local-rows.js";

const SECOND = 1_000_000_000n;

/** Nanoseconds at which a quotient of floating point is easily off by one, and beyond 64 bits. */
const TIMES: readonly bigint[] = [
  0n,
  1n,
  -1n,
  ...[1n, 2n, 1_000n, 1_700_000_000n, 4_294_967_296n, 9_223_372_035n, 12_000_000_000n].flatMap((seconds) =>
    [seconds, -seconds].flatMap((sec) => [-1n, 0n, 1n, 255n, SECOND - 1n].map((nsec) => sec * SECOND + nsec)),
  ),
];

test("rows keep what stat says, times to the nanosecond", (t) => {
  const rows = new LocalRows();
  const first = rows.reserve(TIMES.length);
  TIMES.forEach((mtimeNs, index) => {
    t.false(rows.isRead(first + index));
    const size = 2n ** 32n + BigInt(index);
    rows.set(first + index, { mode: 0o104755n, dev: 1n, ino: 2n, size, rdev: 0n, mtimeNs, ctimeNs: 3n });
  });
  TIMES.forEach((ns, index) => {
    const meta = rows.meta(first + index, "a");
    t.like(meta, { type: "file", mode: 0o4755, size: 2 ** 32 + index });
    const { sec, nsec } = meta?.mtime ?? { sec: 0, nsec: -1 };
    t.true(nsec >= 0 && nsec < 1e9);
    t.is(BigInt(sec) * SECOND + BigInt(nsec), ns);
  });
});

test("a row without a file has no metadata", (t) => {
  const rows = new LocalRows();
  const first = rows.reserve(2);
  rows.set(first, undefined);
  rows.set(first + 1, { mode: 0o140777n, dev: 1n, ino: 2n, size: 0n, rdev: 0n, mtimeNs: 0n, ctimeNs: 0n });
  t.true(rows.isRead(first));
  t.is(rows.meta(first, "gone"), undefined);
  t.is(rows.meta(first + 1, "socket"), undefined);
});
