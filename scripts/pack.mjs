// Makes what is published, as tarballs: `tsbuild`, and for each kind of machine a package that npm
// chooses by `os`, `cpu` and `libc`.
//   npm run packages [-- --to FOLDER] [--arch x64,arm64]
// FOLDER is packages/ by default, and each processor is packed that the sandbox was built for.
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { nativeManifest, ownManifest, publishedManifest, writeManifest } from "./manifest.mjs";
import { addonPackages, ADDONS, kindsOf, placeAddons, PROGRAM } from "./native.mjs";
import { licensesOf } from "./licenses.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const native = join(root, "dist", "native");
const built = ["x64", "arm64"].filter((arch) => existsSync(join(native, `linux-${arch}`, PROGRAM)));

const { values } = parseArgs({ options: { to: { type: "string", default: "packages" }, arch: { type: "string" } } });
const wanted = values.arch?.split(",") ?? built;
const missing = wanted.filter((arch) => !built.includes(arch));
if (missing.length > 0) fail(`the sandbox was not built for ${missing.join(", ")}: see what "npm run build" says`);

const to = resolve(values.to);
const work = mkdtempSync(join(tmpdir(), "tsbuild-pack-"));
try {
  mkdirSync(to, { recursive: true });
  const own = ownManifest();
  const kinds = wanted.flatMap((arch) => kindsOf(arch).map((kind) => ({ arch, ...kind })));
  for (const arch of wanted) placeAddons(addonPackages(root, arch, work), native, arch);
  for (const kind of kinds) packNative(own, kind);
  const optionalDependencies = Object.fromEntries(kinds.map(({ kind }) => [`@${own.name}/${kind}`, own.version]));
  packMain(own, optionalDependencies);
} finally {
  rmSync(work, { recursive: true, force: true });
}

function packMain(own, optionalDependencies) {
  const stage = join(work, own.name);
  const manifest = publishedManifest(own, { optionalDependencies });
  mkdirSync(stage);
  for (const name of ["README.md", "LICENSE", ...manifest.files.filter((file) => !file.startsWith("!"))]) {
    if (existsSync(join(root, name))) cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  rmSync(join(stage, "dist", "native"), { recursive: true });
  writeFileSync(join(stage, "dist", "LICENSES.txt"), licensesOf(root));
  writeManifest(stage, manifest);
  pack(stage);
}

function packNative(own, { kind, arch, libc }) {
  const stage = join(work, kind);
  cpSync(join(native, kind), stage, { recursive: true });
  cpSync(join(root, "LICENSE"), join(stage, "LICENSE"));
  const owners = [...new Set(Object.values(ADDONS).map((source) => source(arch, libc).of))];
  writeFileSync(join(stage, "README.md"), nativeReadme(own.name, kind, owners));
  writeFileSync(join(stage, "LICENSES.txt"), licensesOf(root, ["koffi", "@photostructure/sqlite"]));
  writeManifest(stage, nativeManifest(own, { kind, arch, libc }));
  pack(stage);
}

function nativeReadme(name, kind, owners) {
  return `# @${name}/${kind}

The parts of [${name}](https://www.npmjs.com/package/${name}) for one kind of machine: the program that sets up the
sandbox of a step, and addons from ${owners.map((owner) => `\`${owner}\``).join(" and ")}, unchanged. Install \`${name}\`, which brings this.
`;
}

function pack(stage) {
  const [{ filename, size, unpackedSize, entryCount }] = JSON.parse(
    run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", to], stage),
  );
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
  console.log(`${join(to, filename)}  ${megabytes(size)}, ${entryCount} files, ${megabytes(unpackedSize)} unpacked`);
}

function run(command, args, cwd) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: "utf8" });
  if (status !== 0) fail(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}

function fail(problem) {
  console.error(`Cannot pack: ${problem}`);
  process.exit(1);
}
