import { accessSync, constants, existsSync } from "node:fs";
import { join } from "node:path";
import { readProgram } from "../program-file.js";
import { PROCESSORS, type Processor } from "./processors.js";

/** An emulator of this machine. */
export interface Interpreter {
  readonly processor: Processor;
  readonly path: string;
}

/** Directories that are looked into after those of PATH. */
const PLACES = ["/usr/bin", "/usr/local/bin"];
/** The kernel reads a registration up to its next colon, and this many bytes of it in all. */
const LONGEST = 1500;

/**
 * Returns the emulators that steps can use. They must be static, because a root for another
 * processor has no libraries for them.
 */
export function interpretersHere(env: Readonly<Record<string, string | undefined>> = process.env): readonly Interpreter[] {
  const places = [...new Set([...(env["PATH"] ?? "").split(":").filter((place) => place.startsWith("/")), ...PLACES])];
  return PROCESSORS.filter(({ native }) => !native.includes(process.arch)).flatMap((processor) => {
    const names = [`qemu-${processor.qemu}-static`, `qemu-${processor.qemu}`];
    const path = names.flatMap((name) => places.map((place) => join(place, name))).find(isUsable);
    return path === undefined ? [] : [{ processor, path }];
  });
}

function isUsable(path: string): boolean {
  if (!existsSync(path) || path.includes(":") || path.length > LONGEST) return false;
  try {
    accessSync(path, constants.R_OK | constants.X_OK);
    return readProgram(path)?.dynamic === false;
  } catch {
    return false;
  }
}
