// The one gate before a commit: types, lint, format, then the tests that need neither a build nor privileges. Shows all failures, not the first.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, "node_modules", ".bin", name);

/** `test/e2e` builds real images and belongs to `npm test`. */
const UNIT = ["build/test/**/*.test.js", "!build/test/e2e/**"];

const checks = [
  ["types", bin("tsc"), ["-p", "."]],
  ["lint", bin("oxlint"), ["--type-aware", "--quiet"]],
  ["format", bin("biome"), ["format", "."]],
  ["compile", process.execPath, [join(root, "scripts", "compile.mjs")]],
  ["layering, docs and unit tests", bin("ava"), UNIT],
];

const failed = [];
for (const [name, command, args] of checks) {
  const started = performance.now();
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (status !== 0 || error) failed.push(name);
  console.log(`${status === 0 && !error ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
}
if (!existsSync(join(root, "dist", "native"))) console.log("note: tests that need the helper were skipped; npm run build makes it");
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);
