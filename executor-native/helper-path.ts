import { accessSync, constants, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { howToInstall, nativeFile } from "../core/native-files.js";
import { packageRoot } from "../core/package-root.js";
import { helperForeign, helperMissing } from "./errors.js";
import { type Program, readProgram } from "./program-file.js";

/** Name of the sandbox program's file. */
const PROGRAM = "tsbuild-sandbox";

const check = whenChanged((path) => void checkedProgram(path, existsSync(join(packageRoot(), "scripts", "build-helper.mjs"))));

/**
 * Returns where the native part of the sandbox is. Throws `exec/helper-missing` when it is not
 * there, or is no program for this machine. Looks into the file only when it has changed, because
 * each step asks.
 */
export function helperPath(): string {
  const path = helperFile();
  check(path);
  return path;
}

/** Returns a function that checks a file unless the file is the one that passed the last check. */
export function whenChanged(test: (path: string) => void): (path: string) => void {
  let passed: string | undefined;
  return (path) => {
    const mark = markOf(path);
    if (mark !== undefined && mark === passed) return;
    test(path);
    passed = mark;
  };
}

/** Returns an identity of the file; undefined when there is no file. */
function markOf(path: string): string | undefined {
  try {
    const { dev, ino, mode, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
    return [path, dev, ino, mode, size, mtimeNs, ctimeNs].join(" ");
  } catch {
    return undefined;
  }
}

/** Returns the place of the program, whether or not something is there. */
export function helperFile(): string {
  return nativeFile(PROGRAM) ?? join(packageRoot(), "dist", "native", `linux-${process.arch}`, PROGRAM);
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
 * Returns `path` when it is a static program for this kind of processor. Note that we look
 * ourselves, because some shells and libraries hand what the kernel refuses to `sh`, whose
 * complaint then looks like one about namespaces. It must be static, because a step can start it as
 * /proc/self/exe, and a dynamic program would be started by the loader of the image. `sources`: it
 * can be built in place.
 */
export function checkedProgram(path: string, sources: boolean, arch: string = process.arch): string {
  const install = howToInstall(arch);
  let program: Program | undefined;
  try {
    accessSync(path, constants.X_OK);
    program = readProgram(path);
  } catch (error) {
    throw helperMissing(path, { sources, install, cause: error });
  }
  if (program === undefined) throw helperForeign(path, "is no program", { arch, sources, install });
  const { machine, dynamic } = program;
  if (![arch, ...(ALSO[arch] ?? [])].some((name) => (MACHINES[name] ?? machine) === machine)) {
    const found = Object.keys(MACHINES).find((name) => MACHINES[name] === machine);
    throw helperForeign(path, `is for ${found ?? "other"} processors`, { arch, sources, install });
  }
  if (dynamic) throw helperForeign(path, "needs a loader, which a step could bring", { arch, sources, install });
  return path;
}
