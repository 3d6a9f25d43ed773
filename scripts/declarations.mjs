// Makes the declarations of dist/: of what the compiler writes for every source, the files that
// index and llb reach. They are CommonJS like the library itself, and `import` sees the same types
// through index.d.ts.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join, relative } from "node:path";

const ENTRIES = { index: "api/index", llb: "llb/index" };

/** First line of what a program imports, which a compiler without Node's types shows. */
const NEEDS = `/// <reference types="node" /> These declarations need those of Node: npm install --save-dev @types/node\n`;

/**
 * Runs tsc beside the rest. `npm run ok` shows its errors; the declarations are written either way.
 */
export async function emitTypes(root, dist) {
  mkdirSync(dist, { recursive: true });
  const all = mkdtempSync(join(dist, ".types-"));
  try {
    const { code, output } = await runCompiler(root, all);
    const files = [...reached(all)];
    const missing = files.filter((file) => !existsSync(file)).map((file) => relative(all, file));
    if (missing.length > 0) throw new Error(`tsc made no ${missing.join(", ")} (${code}):\n${output}`);
    const fresh = mkdtempSync(join(dist, ".types-"));
    for (const file of files) copyAsCommonJs(root, file, join(fresh, relative(all, file)), fresh);
    rmSync(join(dist, "types"), { recursive: true, force: true });
    renameSync(fresh, join(dist, "types"));
    for (const [name, file] of Object.entries(ENTRIES)) {
      for (const ending of ["ts", "cts"])
        writeFileSync(join(dist, `${name}.d.${ending}`), `${NEEDS}export * from "./types/${file}.cjs";\n`);
    }
  } finally {
    rmSync(all, { recursive: true, force: true });
  }
}

function runCompiler(root, outDir) {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [tsc, "-p", join(root, "tsconfig.types.json"), "--outDir", outDir], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const output = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.on("error", fail);
    child.on("close", (code) => done({ code, output: Buffer.concat(output).toString("utf8") }));
  });
}

/** Form in which a declaration names another file: `from "./x.js"` and `import("./x.js")`. */
const RELATIVE = /((?:\bfrom|\bimport\(|\bimport)\s*")(\.[^"]*)\.js(")/g;

function reached(all) {
  const seen = new Set();
  const queue = Object.values(ENTRIES).map((file) => join(all, `${file}.d.ts`));
  for (let file = queue.shift(); file; file = queue.shift()) {
    if (seen.has(file)) continue;
    seen.add(file);
    if (!existsSync(file)) continue;
    for (const found of readFileSync(file, "utf8").matchAll(RELATIVE)) queue.push(join(dirname(file), `${found[2]}.d.ts`));
  }
  return seen;
}

/**
 * Form in which a declaration names a package: its types are bundled like its code, since users do
 * not install it.
 */
const PACKAGE = /((?:\bfrom|\bimport\(|\bimport)\s*")(?!node:)([@a-z][\w@/.-]*)(")/g;

function copyAsCommonJs(root, from, to, types) {
  const bundled = (all, before, name, after) => {
    if (isBuiltin(name)) return all;
    const path = relative(dirname(to), packageTypes(root, name, types));
    return `${before}${path.startsWith(".") ? path : `./${path}`}${after}`;
  };
  const isComment = (line) => /^\s*(\*|\/[*/])/.test(line);
  const text = readFileSync(from, "utf8")
    .replaceAll(RELATIVE, "$1$2.cjs$3")
    .split("\n")
    .map((line) => (isComment(line) ? line : line.replaceAll(PACKAGE, bundled)))
    .join("\n");
  mkdirSync(dirname(to), { recursive: true });
  writeFileSync(to.replace(/\.d\.ts$/, ".d.cts"), text);
}

/** Copies the declarations of a package, which must be one file. Returns what to import. */
function packageTypes(root, name, types) {
  const target = join(types, "packages", `${name}.d.cts`);
  if (!existsSync(target)) {
    const folder = join(root, "node_modules", name);
    const { exports } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const text = readFileSync(join(folder, exports["."].require.types), "utf8");
    if (/^(import|export) .*from /m.test(text))
      throw new Error(`The types of ${name} are more than one file, and a declaration names them`);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, text);
  }
  return target.replace(/\.d\.cts$/, ".cjs");
}
