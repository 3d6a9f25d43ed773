// Makes tsbuild as a single file that needs nothing installed: `packages/tsbuild-linux-ARCH`.
//   npm run sea [-- --to FOLDER] [--arch x64,arm64]
// The file is the static program of scripts/sea/launch.c, followed by Node, the libraries and the
// loader that Node needs, and tsbuild. The Node is this one, or for another processor the same
// version from npm. See scripts/sea/README.md for why Node's own single executables are not enough.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { licensesOf } from "./licenses.mjs";
import { ownManifest, publishedManifest, writeManifest } from "./manifest.mjs";
import { addonPackages, placeAddons, PROGRAM } from "./native.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Processors, with the GNU name of each and the loader that Node names. */
const PROCESSORS = {
  x64: { gnu: "x86_64-linux-gnu", loader: "ld-linux-x86-64.so.2" },
  arm64: { gnu: "aarch64-linux-gnu", loader: "ld-linux-aarch64.so.1" },
};

/** Name of the loader in the file: see core/node-command.ts. */
const LOADER = "tsbuild-ld.so";

/** Libraries that the C library loads by itself to find hosts and users; newer ones hold them. */
const BY_NAME = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

/** Length of what stands at the end, see scripts/sea/unpack.h. */
const TRAILER = 64;

const { values } = parseArgs({ options: { to: { type: "string", default: "packages" }, arch: { type: "string", default: process.arch } } });
const to = resolve(values.to);
const work = mkdtempSync(join(tmpdir(), "tsbuild-sea-"));
try {
  mkdirSync(to, { recursive: true });
  for (const arch of values.arch.split(",")) make(arch);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function make(arch) {
  if (!PROCESSORS[arch]) fail(`there is no processor "${arch}" (${Object.keys(PROCESSORS).join(", ")})`);
  if (!existsSync(join(root, "dist", "native", `linux-${arch}`, PROGRAM)))
    fail(`the sandbox was not built for ${arch}: see what "npm run build" says`);
  const tree = join(work, arch);
  const node = join(tree, "bin", "node");
  mkdirSync(dirname(node), { recursive: true });
  placeNode(arch, node);
  placeProgram(arch, join(tree, "tsbuild"));
  placeLibraries(arch, join(tree, "lib"), [node, ...addonsIn(join(tree, "tsbuild"), arch)]);
  const out = join(to, `tsbuild-linux-${arch}`);
  const launcher = compileLauncher(arch);
  const { size, digest } = pack(tree, launcher, `${out}.new`);
  chmodSync(`${out}.new`, 0o755);
  renameSync(`${out}.new`, out);
  console.log(`${out}  ${(size / 1e6).toFixed(1)} MB, Node ${process.versions.node}, ${digest}`);
}

/** Copies Node without its symbols, which are a fifth of it. Nobody debugs this Node. */
function placeNode(arch, node) {
  copyFileSync(arch === process.arch ? realpathSync(process.execPath) : nodeFromNpm(arch), node);
  run(tool(arch, "strip"), ["--strip-unneeded", node]);
}

function nodeFromNpm(arch) {
  const folder = join(work, `node-${arch}`);
  mkdirSync(folder, { recursive: true });
  const name = `node-linux-${arch}@${process.versions.node}`;
  run("npm", ["pack", "--silent", "--pack-destination", folder, name]);
  run("tar", ["-xzf", join(folder, readdirSync(folder)[0]), "-C", folder]);
  return join(folder, "package", "bin", "node");
}

/** Puts what the command needs of dist/: not the library, which nobody can import from there. */
function placeProgram(arch, folder) {
  const dist = join(root, "dist");
  for (const name of ["cli.cjs", "command", "worker.cjs", "thread.cjs", "aws-credentials.cjs"])
    cpSync(join(dist, name), join(folder, "dist", name), { recursive: true });
  const native = join(dist, "native");
  placeAddons(addonPackages(root, arch, work), native, arch);
  cpSync(join(native, `linux-${arch}`), join(folder, "dist", "native", `linux-${arch}`), { recursive: true });
  cpSync(join(root, "docs", "lint"), join(folder, "docs", "lint"), { recursive: true });
  copyFileSync(join(root, "LICENSE"), join(folder, "LICENSE"));
  writeFileSync(join(folder, "LICENSES.txt"), licensesOf(root));
  writeManifest(folder, publishedManifest(ownManifest()));
}

function addonsIn(folder, arch) {
  const native = join(folder, "dist", "native", `linux-${arch}`);
  return readdirSync(native)
    .filter((name) => name.endsWith(".node"))
    .map((name) => join(native, name));
}

/** Puts every library that these programs need, directly or through others. */
function placeLibraries(arch, folder, programs) {
  const { gnu, loader } = PROCESSORS[arch];
  const own = ["lib", "usr/lib"].flatMap((lib) => [`/${lib}/${gnu}`, `/${lib}64`, `/${lib}`]);
  const places = arch === process.arch ? own : [`/usr/${gnu}/lib`, ...own.filter((place) => place.includes(gnu))];
  const find = (name) => places.map((place) => join(place, name)).find((path) => existsSync(path));
  mkdirSync(folder, { recursive: true });
  const seen = new Set();
  const queue = [loader, ...BY_NAME.filter(find), ...programs.flatMap(needs)];
  for (let name = queue.shift(); name; name = queue.shift()) {
    if (seen.has(name)) continue;
    seen.add(name);
    const path = find(name) ?? fail(`${name}, which Node needs, is in none of ${places.join(", ")}`);
    copyFileSync(path, join(folder, name === loader ? LOADER : name));
    queue.push(...needs(path));
  }
}

function needs(program) {
  const text = run("readelf", ["--dynamic", "--wide", program]);
  return [...text.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map((found) => found[1]);
}

function compileLauncher(arch) {
  const out = join(work, `launch-${arch}`);
  const options = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-O2", "-static", "-s", "-Wl,--build-id=none"];
  run(
    arch === process.arch ? (process.env.CC ?? "cc") : tool(arch, "gcc"),
    [...options, "-o", out, ...readdirSync(join(root, "scripts", "sea")).filter((name) => name.endsWith(".c"))],
    join(root, "scripts", "sea"),
  );
  return out;
}

/** Returns the name of a tool for programs of this processor. */
function tool(arch, name) {
  return arch === process.arch ? name : `${PROCESSORS[arch].gnu}-${name}`;
}

/** Writes the file: the launcher, each file of the tree behind its head, and the trailer. */
function pack(tree, launcher, out) {
  copyFileSync(launcher, out);
  const offset = statSync(out).size;
  const hash = createHash("sha256");
  const append = (bytes) => {
    hash.update(bytes);
    appendFileSync(out, bytes);
  };
  const files = readdirSync(tree, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .toSorted();
  for (const path of files) {
    const name = Buffer.from(relative(tree, path));
    const bytes = readFileSync(path);
    const head = Buffer.alloc(16);
    head.writeUInt32LE(statSync(path).mode & 0o111 ? 0o755 : 0o644, 0);
    head.writeUInt32LE(name.length, 4);
    head.writeBigUInt64LE(BigInt(bytes.length), 8);
    append(Buffer.concat([head, name]));
    append(bytes);
  }
  const digest = hash.digest("hex");
  const trailer = Buffer.alloc(TRAILER);
  trailer.write("TSBUILD1", 0, "latin1");
  trailer.writeBigUInt64LE(BigInt(offset), 8);
  trailer.writeBigUInt64LE(BigInt(statSync(out).size - offset), 16);
  trailer.write(digest.slice(0, 32), 24, "latin1");
  appendFileSync(out, trailer);
  return { size: statSync(out).size, digest };
}

function run(command, args, cwd = root) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8", maxBuffer: 64 << 20 });
  if (status !== 0) fail(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

function fail(problem) {
  console.error(`Cannot make the single file: ${problem}`);
  process.exit(1);
}
