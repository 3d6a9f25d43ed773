import { statfsSync } from "node:fs";
import test from "ava";
import { cacheBudget, freeSpace, parseSpace } from "../../../api/options/cache-budget.js";
import { UsageError } from "../../../core/errors.js";

const { blocks, bsize } = statfsSync("/");
const disk = blocks * bsize;

test("cache budget: sizes, shares, off, and the default", (t) => {
  const cases: readonly (readonly [number | string | undefined, number | undefined])[] = [
    [undefined, Math.min(50e9, Math.floor(disk / 5))],
    ["", Math.min(50e9, Math.floor(disk / 5))],
    ["off", undefined],
    [1234, 1234],
    ["1234", 1234],
    ["20g", 20 * 2 ** 30],
    ["1.5GiB", 1.5 * 2 ** 30],
    ["512MB", 512 * 2 ** 20],
    ["10b", 10],
    ["10%", Math.floor(disk / 10)],
    ["0", 0],
  ];
  for (const [value, bytes] of cases) t.is(cacheBudget("/a/store/that/is/not/there", value), bytes, String(value));
  for (const bad of ["much", "-1", "101%", "1gg", "%"]) {
    t.throws(() => cacheBudget("/", bad), { code: "options/invalid", message: new RegExp(`"${bad}" as the cache budget`) });
  }
  t.throws(() => parseSpace("/", "x", "the space to leave free"), { instanceOf: UsageError, message: /as the space to leave free/ });
  t.true(freeSpace("/") >= 0);
});
