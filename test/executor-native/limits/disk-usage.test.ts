import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { diskUsage } from "../../../executor-native/limits/disk-usage.js";

const MIB = 1 << 20;
const directory = mkdtempSync(join(tmpdir(), "tsbuild-disk-"));
test.after.always(() => rmSync(directory, { recursive: true, force: true }));

test("a disk: files count once, links and holes nothing, the largest are named", (t) => {
  const at = (name: string) => join(directory, name);
  mkdirSync(at("d/e"), { recursive: true });
  writeFileSync(at("d/big"), Buffer.alloc(3 * MIB, 1));
  writeFileSync(at("d/e/middle"), Buffer.alloc(2 * MIB, 1));
  writeFileSync(at("small"), Buffer.alloc(MIB, 1));
  writeFileSync(at("tiny"), "x");
  linkSync(at("d/big"), at("again"));
  symlinkSync("/", at("everything"));
  // Times of files may be anything; when they changed counts.
  utimesSync(at("small"), 0, 0);
  const { bytes, largest } = diskUsage({ directory, hasLayers: false }, 0);
  t.true(bytes >= 6 * MIB && bytes < 7 * MIB, String(bytes));
  t.deepEqual(
    largest.map(({ name }) => name.replace("/again", "/d/big")),
    ["/d/big", "/d/e/middle", "/small"],
  );
  t.is(diskUsage({ directory, hasLayers: true }, 0).bytes, bytes);
  t.is(diskUsage({ directory, hasLayers: true }, Date.now() + 60_000).bytes, 0, "files of layers");
  t.deepEqual(diskUsage({ directory: at("nothing"), hasLayers: false }, 0), { bytes: 0, largest: [] });
});
