import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import test from "ava";

/**
 * Bytes for each file, a tenth or more above the measured ones: 335, 120, 196, 136, 168, 275, 380
 * and 370. With an object for each file the first is 550, and 1,150 with one for each stat. With a
 * text for each digest the second is 165. With an object for each entry the third to fifth are 550,
 * 290 and 380, and with one for each file of an ADD the sixth is 570.
 */
const LIMITS: Readonly<Record<string, number>> = {
  walked: 400,
  kept: 145,
  toc: 300,
  sent: 190,
  copied: 230,
  unpacked: 380,
  layer: 520,
  view: 460,
};

test("a file of a context takes few bytes in memory", (t) => {
  const program = fileURLToPath(new URL("memory-program.js", import.meta.url));
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-memory-"));
  t.teardown(() => rmSync(directory, { recursive: true }));
  const bytes = JSON.parse(execFileSync(process.execPath, ["--expose-gc", program, directory], { encoding: "utf8" })) as Record<
    string,
    number
  >;
  t.deepEqual(Object.keys(bytes), Object.keys(LIMITS));
  for (const [name, limit] of Object.entries(LIMITS)) {
    const found = bytes[name] as number;
    t.true(found > 20 && found < limit, `${name}: ${found} bytes a file, expected less than ${limit}`);
  }
});
