// Runs command lines one after the other in this process, each as the launcher would. Writes the
// names of the chunks that each of them was the first to need (`names`), or V8's code cache of all
// compiled code of each pack (`cache`; FILE with the pack's name in the place of `*`).
//   node scripts/code-cache.mjs names|cache FILE '[["build", "."], …]'
import { renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const command = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist", "cli.cjs");
const [node, , what, file, lines] = process.argv;
const { start, packs, modules } = createRequire(import.meta.url)(command);
const rest = JSON.parse(lines);
const exit = process.exit.bind(process);
const names = [];

function next() {
  process.argv = [node, command, ...rest.shift()];
  start();
}

// The program always ends with this call.
process.exit = (code) => {
  if (code !== 0) exit(code);
  names.push([...modules.keys()].filter((name) => !names.flat().includes(name)));
  if (rest.length > 0) return next();
  if (what === "names") write(file, JSON.stringify(names));
  else for (const [name, { script }] of packs) write(file.replace("*", name), script.createCachedData());
  exit(0);
};

function write(path, content) {
  writeFileSync(`${path}.new`, content);
  renameSync(`${path}.new`, path);
}

next();
