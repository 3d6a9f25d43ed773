import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";

/** Returns the libraries of a dynamic program, by the paths where the program looks for them. */
export function librariesOf(program: string): readonly string[] {
  const { stdout, status, stderr } = spawnSync("ldd", [program], { encoding: "utf8" });
  if (status !== 0) throw new Error(`ldd ${program}: ${stderr}`);
  return [...stdout.matchAll(/(\/\S+) \(0x/g)].map((found) => found[1] as string);
}

/**
 * Makes a root directory with a static busybox as /bin/sh and nothing else. `programs` come with
 * their libraries, by their paths inside.
 */
export function makeEmptyRoot(root: string, busybox: string, programs: Readonly<Record<string, string>> = {}): void {
  for (const name of ["bin", "proc", "dev", "sys", "tmp", "old", "root"]) mkdirSync(join(root, name), { recursive: true });
  put(root, "/bin/busybox", busybox);
  put(root, "/bin/sh", busybox);
  for (const [path, program] of Object.entries(programs)) {
    put(root, path, program);
    for (const library of librariesOf(program)) put(root, library, library);
  }
}

function put(root: string, path: string, from: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  copyFileSync(realpathSync(from), join(root, path));
}

const ENTER = `mount --rbind "$1" "$1" && cd "$1" && mount --rbind /proc proc && mount --rbind /dev dev && pivot_root . old || exit 99
shift
exec /bin/busybox sh -c '/bin/busybox umount -l /old && exec "$@"' sh "$@"`;

/** Returns options of `unshare` for a root of one's own. */
function namespaces(): readonly string[] {
  const which = process.geteuid?.() === 0 ? ["--mount"] : ["--user", "--map-root-user", "--mount"];
  return [...which, "--propagation", "private"];
}

/** Returns the reason why no other root can be had here; undefined where it can. */
export function withoutOtherRoot(): string | undefined {
  return spawnSync("unshare", [...namespaces(), "true"]).status === 0 ? undefined : "no mount namespace can be had";
}

/**
 * Returns the arguments for `unshare` that run a command with that root, in which user namespaces
 * work as they do here: a process in a chroot could make none.
 */
export function inRoot(root: string, command: readonly string[]): string[] {
  return [...namespaces(), "sh", "-c", ENTER, "sh", root, ...command];
}
