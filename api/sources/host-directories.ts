import { readFileSync, realpathSync } from "node:fs";
import { resolve } from "node:path";
import type { GrantedRights, Right } from "../../llb/entitlements.js";
import { isAllowedPath } from "../texts/allowed-path.js";
import { contextKind } from "../options/context-kind.js";
import { readMountInfo } from "../../core/mount-info.js";
import { realPath } from "../../core/real-path.js";
import { isInside } from "../../core/text/inside.js";
import { contextName } from "./context-name.js";
import { hostDirectoryRefused } from "./errors.js";

/** Start of the name of a context whose directory steps may have itself, and no copy. */
const HOST = "host:";

const READ = "fs.read=";

/** Returns true for the name of a context that steps may mount from the machine: `host:NAME`. */
export function isHostContext(name: string): boolean {
  return name.startsWith(HOST);
}

/** Returns the directories of `--build-context host:NAME=DIR`, and which of them steps may read. */
export function hostDirectories(
  contexts: Readonly<Record<string, string>>,
  allow: readonly Right[],
): NonNullable<GrantedRights["directories"]> {
  const readable = allow.flatMap((right) => (right.startsWith(READ) ? [right.slice(READ.length)] : []));
  return new Map(
    Object.entries(contexts).flatMap(([given, value]) => {
      const name = contextName(given);
      const kind = contextKind(value);
      if (!isHostContext(name) || typeof kind === "string" || kind.kind !== "directory") return [];
      const path = resolve(kind.path);
      return [[name, { path, allowed: isAllowedPath(path, readable, process.cwd()) }] as const];
    }),
  );
}

/** File systems that show the kernel or its devices, and no files. */
const OF_THE_KERNEL = new Set(
  "autofs binfmt_misc bpf cgroup cgroup2 configfs debugfs devpts devtmpfs efivarfs fusectl mqueue nsfs proc pstore rpc_pipefs securityfs selinuxfs sysfs tracefs".split(
    " ",
  ),
);

/**
 * Throws `context/host-directory` for a directory that no step may have: it shows the kernel, or
 * the store. `mounts` is the text of mountinfo(5).
 */
export function requireHostDirectory(
  name: string,
  directory: string,
  { store, mounts = readFileSync("/proc/self/mountinfo", "utf8") }: { readonly store: string; readonly mounts?: string },
): void {
  const real = realpathSync(directory);
  if (isInside(realPath(store), real)) throw hostDirectoryRefused(name, directory, `the store of builds is in it, at ${store}`);
  const all = readMountInfo(mounts);
  const around = all.filter(({ path }) => isInside(real, path)).at(-1);
  const kernel = [...(around ? [around] : []), ...all.filter(({ path }) => isInside(path, real))].find(({ type }) =>
    OF_THE_KERNEL.has(type),
  );
  if (kernel) throw hostDirectoryRefused(name, directory, `${kernel.path} shows the kernel (${kernel.type})`);
}
