// What of tsbuild is made for one kind of machine: dist/native/linux-ARCH, and linux-ARCH-musl for
// Node with that C library. Each holds the sandbox program, which is static and the same in both,
// and the addons of packages, which bring them ready made.
import { copyFileSync, existsSync, mkdirSync, rmSync, statSync } from "node:fs";
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

/** Every kind of machine of a processor: its name, and the C library of its Node. */
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
