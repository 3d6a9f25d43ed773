// Transpiles every TypeScript file to build/, file by file and only changed ones. The tests run on
// the result.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transformSync } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const folders = ["core", "net", "llb", "oci", "frontend", "cache", "executor-native", "solver", "exporters", "api", "cli", "test", "bench"];

function* files(directory) {
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts")) yield path;
  }
}

let failed = 0;
const wanted = new Set();
for (const path of folders.filter((folder) => existsSync(join(root, folder))).flatMap((folder) => [...files(folder)])) {
  const out = join(root, "build", path.replace(/\.ts$/, ".js"));
  wanted.add(out);
  const { mtime } = statSync(join(root, path));
  if (existsSync(out) && statSync(out).mtimeMs === mtime.getTime()) continue;
  try {
    const { code } = transformSync(readFileSync(join(root, path), "utf8"), {
      loader: "ts",
      format: "esm",
      target: "node20",
      sourcefile: path,
      sourcemap: "inline",
      sourcesContent: false,
    });
    mkdirSync(dirname(out), { recursive: true });
    // Renamed when it is complete: tests of another run may be reading it.
    const fresh = `${out}.${process.pid}`;
    writeFileSync(fresh, code);
    utimesSync(fresh, mtime, mtime);
    renameSync(fresh, out);
  } catch (error) {
    failed++;
    console.error(error.message);
  }
}
// A test whose source is deleted must not go on passing.
if (existsSync(join(root, "build"))) {
  for (const entry of readdirSync(join(root, "build"), { recursive: true })) {
    const path = join(root, "build", String(entry));
    if (path.endsWith(".js") && !wanted.has(path)) rmSync(path, { force: true });
  }
}
process.exit(failed === 0 ? 0 : 1);
