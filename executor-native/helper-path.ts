import { accessSync, closeSync, constants, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../core/package-root.js";
import { helperForeign, helperMissing } from "./errors.js";

/**
 * Returns the path of the sandbox's native part. Throws `exec/helper-missing` when it was not
 * built, or was built for other machines.
 */
export function helperPath(): string {
  const root = packageRoot();
  return checkedProgram(join(root, "dist", "native", "tsbuild-sandbox"), existsSync(join(root, "scripts", "build-helper.mjs")));
}

/** Numbers of ELF's `e_machine`, by the names that Node has for processors. */
const MACHINES: Readonly<Record<string, number>> = {
  ia32: 3,
  mips: 8,
  mipsel: 8,
  ppc64: 21,
  s390x: 22,
  arm: 40,
  x64: 62,
  arm64: 183,
  riscv64: 243,
  loong64: 258,
};
/** Processors that also run programs of others. */
const ALSO: Readonly<Record<string, readonly string[]>> = { x64: ["ia32"], ia32: ["x64"], arm64: ["arm"], arm: ["arm64"] };

/**
 * Returns `path` when it is a program for this kind of processor. `sources` tells that it can be
 * built in place.
 *
 * Note that we check the file ourselves, because some shells and libraries pass a program that the
 * kernel refuses to `sh`, whose complaint then looks like one about namespaces.
 */
export function checkedProgram(path: string, sources: boolean, arch: string = process.arch): string {
  let machine: number | undefined;
  try {
    accessSync(path, constants.X_OK);
    machine = machineOf(path);
  } catch (error) {
    throw helperMissing(path, sources, error);
  }
  if (machine !== undefined && [arch, ...(ALSO[arch] ?? [])].some((name) => (MACHINES[name] ?? machine) === machine)) return path;
  const found = Object.keys(MACHINES).find((name) => MACHINES[name] === machine);
  throw helperForeign(path, machine === undefined ? "is no program" : `is for ${found ?? "other"} processors`, { arch, sources });
}

/** Returns the machine of an ELF file; undefined for any other file. */
function machineOf(path: string): number | undefined {
  const header = Buffer.alloc(20);
  const fd = openSync(path, "r");
  try {
    if (readSync(fd, header, 0, header.length, 0) < header.length || header.readUInt32BE(0) !== 0x7f454c46) return undefined;
  } finally {
    closeSync(fd);
  }
  return header[5] === 2 ? header.readUInt16BE(18) : header.readUInt16LE(18);
}
