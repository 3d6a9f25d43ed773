// The package.json of what users install, which differs from the one of a clone: what the bundles
// of dist/ hold is no dependency there, and the files of one kind of machine are in packages of
// their own, or inside.
//
// `npm pack` in a clone gives one package for machines like this one, with all files inside:
// package.json is put in place before it is read and taken back afterwards.
//   node scripts/manifest.mjs put|back
import { existsSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { licensesOf } from "./licenses.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

export function ownManifest() {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
}

/**
 * Returns the manifest of the command and the library. `native` lists the kinds of machines whose
 * files are inside.
 */
export function publishedManifest(own, { native = [], optionalDependencies = {} } = {}) {
  const { name, version, description, license, type, engines, bin, exports, imports, files } = own;
  return {
    name,
    version,
    description,
    license,
    type,
    engines,
    os: ["linux"],
    bin,
    exports,
    imports,
    // Native parts are named one by one.
    files: [...files, "!dist/native", ...native.map((kind) => `dist/native/${kind}`)],
    ...(Object.keys(optionalDependencies).length > 0 ? { optionalDependencies } : {}),
    // Only for programs in TypeScript: the declarations speak of Node's streams.
    peerDependencies: { "@types/node": ">=20" },
    peerDependenciesMeta: { "@types/node": { optional: true } },
  };
}

/** Returns the manifest of the package that holds the files for one kind of machine. */
export function nativeManifest(own, { kind, arch, libc }) {
  return {
    name: `@${own.name}/${kind}`,
    version: own.version,
    description: `The parts of ${own.name} for ${kind}`,
    license: own.license,
    engines: own.engines,
    os: ["linux"],
    cpu: [arch],
    libc: [libc],
    // Managers that lay packages out in archives must unpack this one: programs are started from
    // it.
    preferUnplugged: true,
  };
}

export function writeManifest(directory, manifest) {
  const path = join(directory, "package.json");
  writeFileSync(`${path}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

const KEPT = join(root, "dist", "package.json");

/**
 * Puts the published manifest in place. Note that it has a script of its own, because npm reads the
 * second one from there.
 */
function put() {
  const text = readFileSync(existsSync(KEPT) ? KEPT : join(root, "package.json"), "utf8");
  const prefix = `linux-${process.arch}`;
  const native = readdirSync(join(root, "dist", "native")).filter((kind) => kind === prefix || kind.startsWith(`${prefix}-`));
  writeFileSync(KEPT, text);
  writeFileSync(join(root, "dist", "LICENSES.txt"), licensesOf(root));
  const manifest = { ...publishedManifest(JSON.parse(text), { native }), cpu: [process.arch] };
  writeManifest(root, { ...manifest, scripts: { postpack: "node scripts/manifest.mjs back" } });
}

function back() {
  if (existsSync(KEPT)) renameSync(KEPT, join(root, "package.json"));
}

const [, script, what] = process.argv;
if (script === fileURLToPath(import.meta.url)) {
  if (what === "put") put();
  else if (what === "back") back();
  else {
    console.error("Usage: node scripts/manifest.mjs put|back");
    process.exit(2);
  }
}
