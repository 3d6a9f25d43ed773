// Runs dist/main.cjs with the given arguments as the launcher does, and writes V8's code cache of all that was compiled by then.
//   node scripts/code-cache.mjs FILE ARGUMENT…
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist");
const file = join(dist, "main.cjs");
const [destination, ...args] = process.argv.slice(2);
process.argv = [process.argv[0], join(dist, "cli.cjs"), ...args];

// The text must be the launcher's, to the character.
const script = new Script(`(function (exports, require, module, __filename, __dirname) {${readFileSync(file, "latin1")}\n})`, {
  filename: file,
});
process.on("exit", () => {
  writeFileSync(`${destination}.new`, script.createCachedData());
  renameSync(`${destination}.new`, destination);
});
const module = { exports: {} };
script.runInThisContext()(module.exports, createRequire(file), module, file, dist);
