// Runs command lines one after the other in this process, each as the launcher would. Writes the
// names of the chunks that the first of them needed (`names`), or V8's code cache of all compiled
// code (`cache`).
//   node scripts/code-cache.mjs names|cache FILE '[["build", "."], …]'
import { renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const command = join(dirname(dirname(fileURLToPath(import.meta.url))), "dist", "cli.cjs");
const [node, , what, file, lines] = process.argv;
const { start, script, modules } = createRequire(import.meta.url)(command);
const rest = JSON.parse(lines);
const exit = process.exit.bind(process);
let names;

function next() {
  process.argv = [node, command, ...rest.shift()];
  start();
}

// The program always ends with this call.
process.exit = (code) => {
  if (code !== 0) exit(code);
  names ??= [...modules.keys()];
  if (rest.length > 0) return next();
  writeFileSync(`${file}.new`, what === "names" ? JSON.stringify(names) : script.createCachedData());
  renameSync(`${file}.new`, file);
  exit(0);
};
next();
