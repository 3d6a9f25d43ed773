// Makes dist/: the helper, the bundles and, unless --no-types is given, the declarations.
//   cli.js     the command            index.js, llb.js  the library
//   worker.js  the worker process     thread.js         threads, in the main process and in the worker
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, readdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const withTypes = !process.argv.includes("--no-types");

/** tsc runs beside the rest; what it finds wrong is shown by `npm run ok`, the declarations are written either way. */
function emitTypes() {
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, [tsc, "-p", join(root, "tsconfig.types.json")], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    const output = [];
    child.stdout.on("data", (chunk) => output.push(chunk));
    child.on("error", fail);
    child.on("close", (code) => {
      if (code === 0 || existsSync(join(dist, "types", "api", "index.d.ts"))) return done();
      fail(new Error(`tsc made no declarations:\n${Buffer.concat(output).toString("utf8")}`));
    });
  });
}

function buildHelper() {
  const { status } = spawnSync(process.execPath, [join(root, "scripts", "build-helper.mjs")], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
}

// CommonJS packages inside an ES module still say `require`.
const banner = {
  js: 'import { createRequire as __createRequire } from "node:module";\nconst require = __createRequire(import.meta.url);',
};

async function bundle() {
  for (const name of existsSync(dist) ? readdirSync(dist) : []) {
    if (name !== "native" && name !== "types") rmSync(join(dist, name), { recursive: true, force: true });
  }
  const entries = {
    cli: "cli/main.ts",
    index: "api/index.ts",
    llb: "llb/index.ts",
    worker: "api/worker-entry.ts",
    thread: "api/thread-entry.ts",
  };
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: "dist",
    bundle: true,
    // Every dynamic import becomes a file of its own that is read when it is needed, and code is shared between the entries.
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node20",
    // With native code, or chosen at run time: loaded from node_modules.
    external: ["koffi", "@photostructure/sqlite"],
    chunkNames: "chunks/[name]-[hash]",
    banner,
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    logLevel: "warning",
  });
  chmodSync(join(dist, "cli.js"), 0o755);
}

const types = withTypes ? emitTypes() : Promise.resolve();
types.catch(() => undefined);
buildHelper();
await bundle();
await types;
