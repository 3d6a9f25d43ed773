import { existsSync, openSync, readSync, closeSync } from "node:fs";
import type { SandboxMount } from "../../executor-native/contract.js";
import { resolvePath } from "../../oci/layer/model/resolve.js";
import type { FileTree } from "../../oci/layer/model/toc.js";
import { noShell } from "./errors.js";
import type { StepState } from "./state.js";

/** Places of a static busybox on this machine: Debian's package, and Alpine's. */
const BUSYBOX = ["/bin/busybox", "/usr/bin/busybox", "/bin/busybox.static"];
/** Place of a lent busybox in the step. */
const LENT = "/run/tsbuild/busybox";
const SHELLS = ["/bin/bash", "/bin/sh", "/bin/ash", "/busybox/sh"];

interface Shell {
  readonly args: readonly string[];
  readonly mounts: readonly SandboxMount[];
}

/** Returns the shell of a step: that of its command, another one of the image, or a lent one. */
export function shellOf({ op, summary }: Pick<StepState, "op" | "summary">, tree: FileTree): Shell {
  const [program = "", flag] = op.args;
  const own = flag === "-c" && has(tree, program) ? program : undefined;
  const shell = own ?? SHELLS.find((path) => has(tree, path));
  if (shell !== undefined) return { args: [shell], mounts: [] };
  const busybox = BUSYBOX.find((path) => existsSync(path) && isStatic(path));
  if (busybox === undefined) throw noShell(summary.name);
  return { args: [LENT, "sh"], mounts: [{ type: "bind", source: busybox, dest: LENT, readonly: true }] };
}

function has(tree: FileTree, path: string): boolean {
  const { node } = resolvePath(tree, path);
  return node?.type === "file" && (node.mode & 0o111) !== 0;
}

const PT_INTERP = 3;

/** Returns true for a program of 64 bits that names no dynamic loader. */
function isStatic(path: string): boolean {
  const head = Buffer.alloc(4096);
  const fd = openSync(path, "r");
  try {
    readSync(fd, head, 0, head.length, 0);
  } finally {
    closeSync(fd);
  }
  if (head.readUInt32BE(0) !== 0x7f454c46 || head[4] !== 2 || head[5] !== 1) return false;
  const [start, size, count] = [Number(head.readBigUInt64LE(32)), head.readUInt16LE(54), head.readUInt16LE(56)];
  for (let i = 0; i < count; i++) {
    const at = start + i * size;
    if (at + 4 > head.length || head.readUInt32LE(at) === PT_INTERP) return false;
  }
  return true;
}
