// Makes the folders with machine code: dist/native/linux-ARCH, and linux-ARCH-musl for Node with
// that C library. Each holds the sandbox program, which is static and the same in both, and the
// addons of packages, which bring them ready made.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";

export const PROGRAM = "tsbuild-sandbox";

/**
 * Addons by the name of their file here. `of` names the package of one processor, and the file in
 * it for a C library.
 */
export const ADDONS = {
  "koffi.node": (arch, libc) => ({
    of: `@koromix/koffi-linux-${arch}`,
    file: `${libc === "musl" ? "musl" : "linux"}_${arch}/koffi.node`,
  }),
  "sqlite.node": (arch, libc) => ({
    of: "@photostructure/sqlite",
    file: `prebuilds/linux-${arch}/@photostructure+sqlite.${libc}.node`,
  }),
};

/** Returns every kind of machine of a processor: its name, and the C library of its Node. */
export function kindsOf(arch) {
  return [
    { kind: `linux-${arch}`, libc: "glibc" },
    { kind: `linux-${arch}-musl`, libc: "musl" },
  ];
}

/**
 * Puts the addons for this processor beside the program. `packages` is the folder that they are
 * taken from.
 */
export function placeAddons(packages, native, arch) {
  for (const { kind, libc } of kindsOf(arch)) {
    const folder = join(native, kind);
    mkdirSync(folder, { recursive: true });
    for (const [name, source] of Object.entries(ADDONS)) {
      const { of, file } = source(arch, libc);
      place(join(packages, of, file), join(folder, name));
    }
    const program = join(native, `linux-${arch}`, PROGRAM);
    if (libc === "musl" && existsSync(program)) place(program, join(folder, PROGRAM));
  }
}

/** Copies where it is not there yet, beside what may be in use. */
function place(from, to) {
  const source = statSync(from);
  const there = statSync(to, { throwIfNoEntry: false });
  if (there && there.size === source.size && there.mtimeMs >= source.mtimeMs) return;
  mkdirSync(dirname(to), { recursive: true });
  rmSync(to, { force: true });
  copyFileSync(from, to);
}

/**
 * Returns the folder of the packages that bring the addons for this processor. npm does not install
 * those for other processors. They are then downloaded from its registry into `work`, and checked
 * against the digests in package-lock.json.
 */
export function addonPackages(root, arch, work) {
  const installed = join(root, "node_modules");
  const names = Object.values(ADDONS).map((source) => source(arch, "glibc").of);
  if (names.every((name) => existsSync(join(installed, name)))) return installed;
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8"));
  const folder = join(work, `packages-${arch}`);
  for (const name of names) {
    const target = join(folder, name);
    if (existsSync(join(installed, name))) cpSync(join(installed, name), target, { recursive: true });
    else download(name, packages[`node_modules/${name}`], { target, work });
  }
  return folder;
}

function download(name, { version, integrity }, { target, work }) {
  mkdirSync(target, { recursive: true });
  const folder = mkdtempSync(join(work, "download-"));
  run("npm", ["pack", "--silent", "--pack-destination", folder, `${name}@${version}`]);
  const tarball = join(folder, readdirSync(folder)[0]);
  const found = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
  if (found !== integrity) throw new Error(`${name}@${version} is ${found}, and package-lock.json says ${integrity}`);
  run("tar", ["-xzf", tarball, "-C", target, "--strip-components=1"]);
}

function run(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
}
