// Runs command lines one after the other in this process, each as the launcher would. Writes the
// names of the chunks that the line of each pack was the first to need (`names`), or V8's code
// caches (`cache`; FILE with the pack's name in the place of `*`): after each line, of all compiled
// code of the packs in `caches`.
//   node scripts/code-cache.mjs names|cache FILE LINES
// LINES is JSON: [{"pack": "build", "args": ["build", "."], "caches": ["build"]}, …]
import { renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const command = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist", "cli.cjs");
const [node, , what, file, lines] = process.argv;
const { start, packs, modules } = createRequire(import.meta.url)(command);
const rest = JSON.parse(lines);
const exit = process.exit.bind(process);
const seen = new Set();
const names = {};
let line;

function next() {
  line = rest.shift();
  process.argv = [node, command, ...line.args];
  start();
}

// The program always ends with this call.
process.exit = (code) => {
  if (code !== 0) exit(code);
  const { pack, caches = [] } = line;
  if (pack !== undefined) names[pack] = [...modules.keys()].filter((name) => !seen.has(name));
  for (const name of modules.keys()) seen.add(name);
  if (what === "cache") for (const name of caches) write(file.replace("*", name), packs.get(name).script.createCachedData());
  if (rest.length > 0) return next();
  if (what === "names") write(file, JSON.stringify(names));
  exit(0);
};

function write(path, content) {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

next();
