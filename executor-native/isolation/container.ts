import { existsSync } from "node:fs";
import { readingOnce } from "./read-once.js";
import type { ReadFile } from "../read-text.js";

/** Files that engines put into every container. */
const MARKS = ["/.dockerenv", "/run/.containerenv"];
/** Names of engines in the control group of the first process. */
const ENGINES = /docker|kubepods|containerd|libpod|crio|lxc/;
/** Number of CAP_SYS_ADMIN. */
const SYS_ADMIN = 21n;

/** Everything that is looked at, for tests. */
export interface ContainerSigns {
  readonly exists: (path: string) => boolean;
  readonly read: ReadFile;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Returns the sign by which this process is in a container; undefined on a plain machine, as far as
 * can be seen.
 */
export function containerSign(signs: Partial<ContainerSigns> = {}): string | undefined {
  const { exists = existsSync, read = readingOnce(), env = process.env } = signs;
  const mark = MARKS.find((path) => exists(path));
  if (mark !== undefined) return `there is ${mark}`;
  if (env["KUBERNETES_SERVICE_HOST"]) return "KUBERNETES_SERVICE_HOST is set";
  if (env["container"]) return `the variable container is "${env["container"]}"`;
  const engine = ENGINES.exec(read("/proc/1/cgroup") ?? "")?.[0];
  if (engine !== undefined) return `/proc/1/cgroup names ${engine}`;
  // A machine's own root has every capability; container engines take this one away.
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(read("/proc/self/status") ?? "")?.[1];
  if (bounding !== undefined && !(BigInt(`0x${bounding}`) & (1n << SYS_ADMIN))) return "CAP_SYS_ADMIN is not in the bounding set";
  return undefined;
}
