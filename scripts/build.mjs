// Makes dist/: the helper, the bundles and, unless --no-types is given, the declarations.
//   cli.cjs    the command            main.cjs, main.js  its program, as one script with a code cache and as modules
//   index.js, llb.js  the library     worker.js, thread.js  the worker process; threads there and in the main process
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
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

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  // With native code, or chosen at run time: loaded from node_modules.
  external: ["koffi", "@photostructure/sqlite"],
  // Names stay: they are in error messages and stacks.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  logLevel: "warning",
};

/** Bundles beside the old files and then puts the new ones in their place, so that a tsbuild that runs meanwhile still finds its chunks. */
async function bundle() {
  mkdirSync(dist, { recursive: true });
  const fresh = mkdtempSync(join(dist, ".new-"));
  try {
    await bundleInto(fresh);
    // The cache belongs to one text: without it the launcher takes the modules.
    for (const name of readdirSync(dist)) if (name.endsWith(".cache")) rmSync(join(dist, name));
    const names = readdirSync(fresh, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(fresh, join(entry.parentPath ?? entry.path, entry.name)));
    mkdirSync(join(dist, "chunks"), { recursive: true });
    // Chunks first: the entries name them.
    for (const name of names.toSorted((a, b) => Number(b.startsWith("chunks")) - Number(a.startsWith("chunks")))) {
      renameSync(join(fresh, name), join(dist, name));
    }
    for (const name of readdirSync(join(dist, "chunks"))) if (!names.includes(join("chunks", name))) rmSync(join(dist, "chunks", name));
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

async function bundleInto(outdir) {
  const modules = build({
    ...shared,
    entryPoints: {
      main: "cli/main.ts",
      index: "api/index.ts",
      llb: "llb/index.ts",
      worker: "api/worker-entry.ts",
      thread: "api/thread-entry.ts",
    },
    outdir,
    format: "esm",
    // Every dynamic import becomes a file of its own that is read when it is needed, and code is shared between the entries.
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    // CommonJS packages inside an ES module still say `require`.
    banner: { js: 'import { createRequire as __createRequire } from "node:module";\nconst require = __createRequire(import.meta.url);' },
  });
  const script = build({
    ...shared,
    entryPoints: { main: "cli/main.ts" },
    outdir,
    outExtension: { ".js": ".cjs" },
    format: "cjs",
    supported: { "dynamic-import": false },
    define: { "import.meta.url": "__moduleUrl" },
    banner: { js: 'const __moduleUrl = require("node:url").pathToFileURL(__filename).href;' },
  });
  await Promise.all([modules, script]);
  // The launcher wraps the text in a function, where a #! line is no JavaScript.
  const main = join(outdir, "main.cjs");
  writeFileSync(main, readFileSync(main, "utf8").replace(/^#!.*\n/, ""));
  copyFileSync(join(root, "cli", "launcher.cjs"), join(outdir, "cli.cjs"));
  writeFileSync(join(outdir, "cli.js"), '#!/usr/bin/env node\nimport "./cli.cjs";\n');
  for (const name of ["cli.cjs", "cli.js"]) chmodSync(join(outdir, name), 0o755);
}

/**
 * A registry of one image on loopback: the build that warms the code cache asks it, as most builds that change nothing ask one. Its layer is
 * never fetched.
 */
async function serveImage() {
  const digest = (bytes) => `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
  const descriptor = (mediaType, bytes) => ({
    mediaType: `application/vnd.oci.image.${mediaType}`,
    digest: digest(bytes),
    size: bytes.length,
  });
  const layer = gzipSync(Buffer.alloc(1024));
  const platform = { architecture: process.arch === "x64" ? "amd64" : process.arch, os: "linux" };
  const config = Buffer.from(
    JSON.stringify({ ...platform, config: {}, rootfs: { type: "layers", diff_ids: [digest(Buffer.alloc(1024))] } }),
  );
  const type = "application/vnd.oci.image.manifest.v1+json";
  const parts = { config: descriptor("config.v1+json", config), layers: [descriptor("layer.v1.tar+gzip", layer)] };
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: type, ...parts }));
  const blobs = new Map([config, layer].map((bytes) => [digest(bytes), bytes]));
  const server = createServer((request, response) => {
    const bytes = request.url.includes("/manifests/") ? manifest : blobs.get(request.url.split("/").at(-1));
    if (!bytes) return void response.writeHead(request.url === "/v2/" ? 200 : 404).end();
    const headers = { "content-type": bytes === manifest ? type : "application/octet-stream", "content-length": bytes.length };
    response.writeHead(200, { ...headers, "docker-content-digest": digest(bytes) }).end(request.method === "HEAD" ? undefined : bytes);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return { reference: `127.0.0.1:${server.address().port}/warm:latest`, close: () => server.close() };
}

/** V8's code cache, made while a build without changes runs: what the cache holds is what that path needs. */
async function makeCodeCache() {
  const work = mkdtempSync(join(tmpdir(), "tsbuild-warm-"));
  const image = await serveImage();
  try {
    const context = join(work, "context");
    mkdirSync(context);
    writeFileSync(join(context, "file"), "");
    writeFileSync(join(context, "Dockerfile"), `FROM ${image.reference}\nWORKDIR /app\nCOPY file /\nENV A=b\n`);
    const env = { ...process.env, TSBUILD_ROOT: join(work, "store") };
    const args = ["build", "--progress", "plain", context];
    const cache = join(dist, `main.${process.versions.v8}-${process.arch}.cache`);
    await run(env, join(dist, "main.js"), ...args);
    const { status, output } = await run(env, join(root, "scripts", "code-cache.mjs"), cache, ...args);
    if (status !== 0) console.error(`note: the build that warms the code cache failed; tsbuild works, but starts slower\n${output}`);
  } finally {
    image.close();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Runs a script beside this one, which serves it. */
function run(env, ...args) {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { env, stdio: ["ignore", "ignore", "pipe"] });
    const output = [];
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.on("error", (error) => done({ status: 1, output: error.message }));
    child.on("close", (status) => done({ status, output: Buffer.concat(output).toString("utf8") }));
  });
}

const types = withTypes ? emitTypes() : Promise.resolve();
types.catch(() => undefined);
buildHelper();
await bundle();
await makeCodeCache();
await types;
