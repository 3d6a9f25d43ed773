// Makes dist/: the helper, the bundles and, unless --no-types is passed, the declarations.
//   cli.cjs             the command
//   command/            its program: start.cjs, build.cjs, bake.cjs and copy.cjs, each with a code
//                       cache, and a script for each other part
//   index.cjs, llb.cjs  the library
//   worker.cjs          the worker process
//   thread.cjs          threads there and in the main process
//   native/             for one kind of machine: the helper and the addons of packages
// Does nothing when dist/ is of these sources already. Builds in one clone take turns.
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { isBuilt, recordBuild, sourcesDigest } from "./built.mjs";
import { commandChunks, packChunks } from "./command.mjs";
import { emitTypes } from "./declarations.mjs";
import { bundleLibrary } from "./library.mjs";
import { placeAddons } from "./native.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const withTypes = !process.argv.includes("--no-types");

function buildHelper() {
  const { status } = spawnSync(process.execPath, [join(root, "scripts", "build-helper.mjs")], { cwd: root, stdio: "inherit" });
  if (status !== 0) process.exit(status ?? 1);
  placeAddons(join(root, "node_modules"), join(dist, "native"), process.arch);
}

/**
 * Package that finds credentials for S3 caches, and its name in `imports` of package.json, for the
 * command and the library.
 */
const AWS_PACKAGE = "@aws-sdk/credential-provider-node";
const AWS_FILE = "#aws-credentials";

const shared = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node20",
  // Packages with native code, or chosen at run time, which are loaded from node_modules.
  external: ["koffi", "@photostructure/sqlite", AWS_FILE],
  alias: { [AWS_PACKAGE]: AWS_FILE },
  // Names stay: they are in error messages and stacks.
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  logLevel: "warning",
};

/**
 * Bundles beside the old files and then replaces them, so that a running tsbuild still finds its
 * chunks. Returns the command's chunks.
 */
async function bundle() {
  mkdirSync(dist, { recursive: true });
  const fresh = mkdtempSync(join(dist, ".new-"));
  try {
    const [chunks] = await Promise.all([bundleCommand(fresh), bundleLibrary(shared, fresh), bundleAws(fresh)]);
    const names = readdirSync(fresh, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(fresh, join(entry.parentPath ?? entry.path, entry.name)));
    for (const folder of FOLDERS) mkdirSync(join(dist, folder), { recursive: true });
    // Chunks first: the entries name them.
    const isChunk = (name) => FOLDERS.includes(dirname(name)) && !PACKS.some((pack) => name === packFile(pack));
    for (const name of names.toSorted((a, b) => Number(isChunk(b)) - Number(isChunk(a)))) renameSync(join(fresh, name), join(dist, name));
    // Files that an older build had under other names.
    for (const name of readdirSync(dist)) if (/\.c?js$/.test(name) && !names.includes(name)) rmSync(join(dist, name));
    for (const folder of FOLDERS) {
      for (const name of readdirSync(join(dist, folder))) if (!names.includes(join(folder, name))) rmSync(join(dist, folder, name));
    }
    return chunks;
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
}

/** Folders of dist/ that hold nothing but chunks, whose names change with their content. */
const FOLDERS = ["chunks", "command"];
/**
 * Scripts of the command's program that hold many chunks. Each has the chunks that its command line
 * in {@link makeStart} needs and none before it; `store` those that a build without changes shares
 * with a list of images. The first has a table of the others.
 */
const PACKS = ["start", "flags", "store", "build", "images", "bake", "copy"];
const packFile = (name) => join("command", `${name}.cjs`);

/**
 * Bundles Amazon's SDK as one file that is read when it is needed. Note that its 23 packages are no
 * dependencies of ours, because an installation would have 16 MB more for 0.6 MB of program. The
 * file is not split into chunks like the rest, because its modules import each other in circles.
 */
async function bundleAws(outdir) {
  const { alias: _alias, ...options } = shared;
  await build({
    ...options,
    stdin: { contents: `export { defaultProvider } from "${AWS_PACKAGE}";`, resolveDir: root },
    outfile: join(outdir, "aws-credentials.cjs"),
    format: "cjs",
  });
}

/**
 * First lines of a program, for a shell, which starts Node with the file. Note that a `--` stands
 * before the command's arguments, because Node looks for its own --env-file among all others and
 * takes NODE_OPTIONS from it: a project's variables (`compose --env-file`) would run any program.
 */
const STARTED_BY_SHELL = '#!/bin/sh\n":" //; exec node -- "$0" "$@"\n';

async function bundleCommand(outdir) {
  const chunks = await commandChunks(shared);
  mkdirSync(join(outdir, "command"));
  for (const [name, { text }] of chunks) writeFileSync(join(outdir, "command", `${name}.cjs`), `(${text})`);
  for (const pack of PACKS) writeFileSync(join(outdir, packFile(pack)), await packChunks(shared, chunks, []));
  const programs = {
    "cli.cjs": readFileSync(join(root, "cli", "launcher.cjs"), "utf8"),
    "cli.js": 'import launcher from "./cli.cjs";\nlauncher.start();\n',
  };
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(outdir, name), STARTED_BY_SHELL + text);
    chmodSync(join(outdir, name), 0o755);
  }
  return chunks;
}

/**
 * Serves a registry of one image on loopback. The build that warms the code cache asks it, as most
 * builds without changes ask a registry. The image's layer is never fetched.
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

/**
 * Puts the code that the general help needs into one script, and what a page of flags, a build
 * without changes, a list of images, a bake and a COPY need besides into others, and makes V8's
 * code caches of them while these run. The same process reads a Dockerfile of many instructions,
 * because the cached build has only a few: its steps have to run here once.
 */
async function makeStart(chunks) {
  const work = mkdtempSync(join(tmpdir(), "tsbuild-warm-"));
  const image = await serveImage();
  try {
    const context = join(work, "context");
    mkdirSync(join(context, "src"), { recursive: true });
    for (const name of ["file", "src/a", "src/b"]) writeFileSync(join(context, name), "");
    writeFileSync(join(context, "Dockerfile"), `FROM ${image.reference}\nWORKDIR /app\nCOPY file /\nCOPY src /src\nENV A=b\n`);
    writeFileSync(join(context, "docker-bake.hcl"), BAKE);
    writeFileSync(join(context, "Many"), `FROM ${image.reference} AS a\n${MANY}FROM ${image.reference}\nCOPY --from=a /app /\n`);
    const env = { ...process.env, TSBUILD_ROOT: join(work, "store") };
    // Caches of the first four are made before the others run, so that they hold no functions that
    // a build without changes would read in vain.
    const lines = JSON.stringify([
      { pack: "start", args: ["--help"] },
      { pack: "flags", args: ["build", "--help"] },
      { pack: "build", args: ["build", "--progress", "plain", context] },
      { args: ["build", "--call=check", "-f", join(context, "Many"), context], caches: ["start", "flags", "store", "build"] },
      { pack: "images", args: ["images"], caches: ["images"] },
      { pack: "bake", args: ["bake", "--progress", "plain"], caches: ["bake"] },
      { pack: "copy", args: ["build", "--progress", "plain", "--no-cache", context], caches: ["copy"] },
    ]);
    const [names, storeNames] = [join(work, "names"), join(work, "store-names")];
    const cache = join(dist, "command", `*.${process.versions.v8}-${process.arch}.cache`);
    const script = join(root, "scripts", "code-cache.mjs");
    // The first run fills the store and the memos of parsed files; the second shows the code of
    // cached builds.
    const steps = [
      () => run(context, env, script, "names", names, lines),
      () => run(context, env, script, "names", names, lines),
      () => run(context, env, script, "names", storeNames, JSON.stringify([{ pack: "store", args: ["images"] }])),
      async () => {
        const needed = JSON.parse(readFileSync(names, "utf8"));
        const { store } = JSON.parse(readFileSync(storeNames, "utf8"));
        needed.store = needed.build.filter((name) => store.includes(name));
        needed.build = needed.build.filter((name) => !store.includes(name));
        const [first, ...others] = PACKS;
        const table = Object.fromEntries(others.flatMap((pack) => needed[pack].map((name) => [name, pack])));
        for (const pack of PACKS) {
          const path = join(dist, packFile(pack));
          writeFileSync(`${path}.new`, await packChunks(shared, chunks, needed[pack], pack === first ? table : undefined));
          renameSync(`${path}.new`, path);
        }
        return run(context, env, script, "cache", cache, lines);
      },
    ];
    for (const step of steps) {
      const { status, output } = await step();
      if (status === 0) continue;
      console.error(`note: the build that warms the code cache failed; tsbuild works, but starts slower\n${output}`);
      return;
    }
  } finally {
    image.close();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Bake file of two targets over one base, with the common parts of the language. */
const BAKE = `variable "TAG" { default = "1" }
group "default" { targets = ["app"] }
target "base" {}
target "app" {
  name = "app-\${i}"
  matrix = { i = range(2) }
  contexts = { base = "target:base" }
  args = { A = upper("a\${TAG}") }
  tags = ["app:\${i}"]
  output = ["type=cacheonly"]
}
`;

/** Dockerfile with the common instructions. */
const MANY = `ARG A=1
ENV B=$A C="c"
LABEL d=e
RUN --mount=type=cache,target=/cache echo "$B" && true
RUN ["true"]
WORKDIR /app
COPY --chown=1:1 file file* ./
ADD file /app/
USER 1
EXPOSE 80
VOLUME /data
ENTRYPOINT ["true"]
CMD ["a"]
`;

/** Runs a script beside this one, which serves it, in a directory. */
function run(cwd, env, ...args) {
  return new Promise((done) => {
    const child = spawn(process.execPath, args, { cwd, env, stdio: ["ignore", "ignore", "pipe"] });
    const output = [];
    child.stderr.on("data", (chunk) => output.push(chunk));
    child.on("error", (error) => done({ status: 1, output: error.message }));
    child.on("close", (status) => done({ status, output: Buffer.concat(output).toString("utf8") }));
  });
}

/**
 * Runs this script again while no other process holds the lock, which the kernel releases in any
 * case.
 */
function takeTurn() {
  mkdirSync(dist, { recursive: true });
  const again = [fileURLToPath(import.meta.url), ...process.argv.slice(2), "--locked"];
  const { status, error } = spawnSync("flock", [join(dist, ".lock"), process.execPath, ...again], { cwd: root, stdio: "inherit" });
  if (error) throw new Error(`Cannot run flock, of which every Linux has one (Debian: util-linux): ${error.message}`);
  process.exit(status ?? 1);
}

if (!process.argv.includes("--locked")) takeTurn();
const digest = sourcesDigest(root);
if (!isBuilt(dist, digest, { types: withTypes })) {
  const types = withTypes ? emitTypes(root, dist) : Promise.resolve();
  types.catch(() => undefined);
  buildHelper();
  await makeStart(await bundle());
  await types;
  recordBuild(dist, digest, { types: withTypes });
}
