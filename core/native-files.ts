import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { addonNotLoaded, type TsbuildError } from "./errors.js";
import { packageRoot } from "./package-root.js";

/**
 * The files of tsbuild that are made for one kind of machine: the sandbox program and the addons.
 * The files are in `dist/native/linux-x64` where tsbuild was built or unpacked whole, and in the
 * package `@tsbuild/linux-x64` where npm chose it. A name with `-musl` is for the C library musl.
 */

/** Returns the names of this kind of machine, the one of Node's likely C library first. */
function kinds(arch: string): readonly string[] {
  const both = [`linux-${arch}`, `linux-${arch}-musl`];
  return existsSync("/etc/alpine-release") ? both.reverse() : both;
}

/** Returns each place of the file that exists, the likeliest first. */
function* nativeFiles(name: string, arch: string = process.arch): Generator<string> {
  const root = packageRoot();
  for (const kind of kinds(arch)) {
    // Beside tsbuild, and inside it as `npm install -g` lays it.
    const scopes = [join(root, "dist", "native"), join(root, "..", "@tsbuild"), join(root, "node_modules", "@tsbuild")];
    for (const scope of scopes) {
      const path = join(scope, kind, name);
      if (existsSync(path)) yield path;
    }
  }
  // Wherever else a package manager has put it. Asking Node takes longer than all of the above.
  const require = createRequire(join(root, "package.json"));
  for (const kind of kinds(arch)) {
    try {
      yield require.resolve(`@tsbuild/${kind}/${name}`);
    } catch {
      // Not installed.
    }
  }
}

/** Returns the first place of the file, or undefined where there is none. */
export function nativeFile(name: string, arch?: string): string | undefined {
  return nativeFiles(name, arch).next().value ?? undefined;
}

/**
 * Loads an addon. Asks the package from which the file is taken when no file of `dist/native` can
 * be loaded. A clone that was not built yet has the package.
 */
export function loadAddon<T>(name: string, from: string): T {
  const require = createRequire(import.meta.url);
  let reason: unknown;
  for (const path of nativeFiles(name)) {
    try {
      return require(path) as T;
    } catch (error) {
      reason ??= error;
    }
  }
  try {
    return require(from) as T;
  } catch (error) {
    throw addonMissing(name, reason ?? error);
  }
}

/** Processors that there are packages for. */
const PACKAGED = ["x64", "arm64"];

/** Returns the way to get a file that no package of this installation holds. */
export function howToInstall(arch: string = process.arch): string {
  if (!PACKAGED.includes(arch))
    return `There are packages for ${PACKAGED.join(" and ")} only: build tsbuild from its sources on this machine`;
  return `Install tsbuild on this kind of machine and with optional dependencies (no --omit=optional, no node_modules copied from elsewhere): the package @tsbuild/linux-${arch} holds it`;
}

function addonMissing(name: string, cause: unknown): TsbuildError {
  const found = cause instanceof Error ? cause.message.split("\n", 1)[0] : String(cause);
  return addonNotLoaded(name, String(found), howToInstall(), cause);
}
