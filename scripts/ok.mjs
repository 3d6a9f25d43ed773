// The one gate before a commit: types, lint, format, then the tests that need neither a build nor
// privileges. Shows all failures, not only the first.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Scratch } from "./scratch.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (name) => join(root, "node_modules", ".bin", name);

/** `test/e2e` builds real images and belongs to `npm test`. */
const UNIT = ["build/test/**/*.test.js", "!build/test/e2e/**"];

const checks = [
  ["types", bin("tsc"), ["-p", "."]],
  ["lint", bin("oxlint"), ["--type-aware", "--quiet"]],
  ["format", bin("biome"), ["format", "."]],
  ["compile", process.execPath, [join(root, "scripts", "compile.mjs")]],
  ["layering, docs and unit tests", process.execPath, [join(root, "scripts", "ava.mjs"), ...UNIT]],
];

const scratch = new Scratch();

/** Returns the exit status; undefined for a program that could not be started. */
function run(command, args, directory) {
  return new Promise((done) => {
    const child = scratch.spawn(command, args, { cwd: root, stdio: "inherit", directory });
    child.once("error", () => done(undefined));
    child.once("close", done);
  });
}

const failed = [];
for (const [name, command, args] of checks) {
  const started = performance.now();
  const directory = scratch.directory();
  const status = await run(command, args, directory);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const left = scratch.remove(directory);
  if (left.length > 0) console.log(`left in the temporary directory: ${left.join(" ")}`);
  const well = status === 0 && left.length === 0;
  if (!well) failed.push(name);
  console.log(`${well ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
}
if (!existsSync(join(root, "dist", "native"))) console.log("note: tests that need the helper were skipped; npm run build makes it");
if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
process.exit(failed.length === 0 ? 0 : 1);
