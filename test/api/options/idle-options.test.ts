import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "ava";
import { build } from "../../../api/build/build.js";
import type { BuildOptions } from "../../../api/options/options.js";

const NAMED = "FROM scratch AS base\nCOPY a /\nFROM base AS Final\nCOPY a /b\n";

/** Options, the Dockerfile, and the warnings: what is wrong, and how to go on. */
const CASES: readonly (readonly [BuildOptions, string, readonly string[]])[] = [
  [{ noCacheFilter: ["final", "BASE"] }, NAMED, []],
  [{}, NAMED, []],
  [{ noCache: true }, NAMED, []],
  [{ noCache: "all" }, NAMED, []],
  [
    { noCacheFilter: ["finel", "base"] },
    NAMED,
    ['--no-cache-filter changes nothing: no stage is called "finel"', 'did you mean "final"? the stages are base, final'],
  ],
  [{ noCacheFilter: ["0"] }, NAMED, ['--no-cache-filter changes nothing: no stage is called "0"', "the stages are base, final"]],
  [
    { noCacheFilter: ["stage-0"] },
    "FROM scratch\nCOPY a /\n",
    ['--no-cache-filter changes nothing: no stage is called "stage-0"', "no stage has a name: give one with FROM image AS name"],
  ],
  [
    { noCache: "mounts" },
    NAMED,
    ["--no-cache=mounts changes nothing: no step that this build needs has a cache mount", "--no-cache runs every step"],
  ],
];

test("options that name nothing are warned of, with what there is", async (t) => {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-idle-"));
  try {
    const [context, root] = [join(directory, "context"), join(directory, "store")];
    mkdirSync(context);
    writeFileSync(join(context, "a"), "1");
    for (const [options, text, expected] of CASES) {
      const { warnings } = await build({ context, root, dockerfile: { text }, outputs: [{ type: "cacheonly" }], ...options });
      t.deepEqual(
        warnings.filter(({ code }) => code === "options/idle").flatMap(({ message, hint = "" }) => [message, hint]),
        expected,
        JSON.stringify(options),
      );
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
