import { execFile } from "node:child_process";
import { readFileSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { promisify } from "node:util";

export interface OrdinaryUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/**
 * Finds a user other than root with subordinate ids, as whom root can run tests; or returns the
 * reason why there is none.
 */
export function ordinaryUser(): OrdinaryUser | { readonly reason: string } {
  if (process.getuid?.() !== 0) return { reason: "only root can run tests as somebody else" };
  const ranges = readText("/etc/subuid")
    .split("\n")
    .map((line) => line.split(":")[0] ?? "");
  for (const line of readText("/etc/passwd").split("\n")) {
    const [name, , uid, gid, , home] = line.split(":");
    if (name === undefined || uid === undefined || uid === "0" || !(ranges.includes(name) || ranges.includes(uid))) continue;
    return { name, uid: Number(uid), gid: Number(gid), home: home ?? "/" };
  }
  return { reason: "/etc/subuid names no user that exists" };
}

/**
 * Returns a user without subordinate ids, as whom root can run tests. The user needs no entry in
 * passwd.
 */
export function userWithoutIds(): OrdinaryUser | { readonly reason: string } {
  if (process.getuid?.() !== 0) return { reason: "only root can run tests as somebody else" };
  const uid = 54_321;
  const known = ["/etc/passwd", "/etc/subuid"].some((file) => new RegExp(`(^|:)${uid}:`, "m").test(readText(file)));
  return known ? { reason: `${uid} is somebody here` } : { name: String(uid), uid, gid: uid, home: "/" };
}

/**
 * Runs a script with Node as that user, without root's groups and environment. Resolves with its
 * output.
 */
export async function runAsUser(user: OrdinaryUser, script: string, ...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(
    "setpriv",
    [`--reuid=${user.uid}`, `--regid=${user.gid}`, "--clear-groups", process.execPath, script, ...args],
    { env: { PATH: process.env.PATH, HOME: user.home, USER: user.name }, cwd: "/", maxBuffer: 64 << 20 },
  );
  return stdout;
}

/** Gives the user, or a reason when it cannot reach that file. */
export function whoCanReach(user: ReturnType<typeof ordinaryUser>, file: string): ReturnType<typeof ordinaryUser> {
  return "reason" in user || reachableByAll(file) ? user : { reason: `${file} cannot be reached by other users` };
}

/** Returns true when every user may enter the folders that lead to this file. */
function reachableByAll(path: string): boolean {
  for (let at = dirname(path); at !== "/"; at = dirname(at)) if ((statSync(at).mode & 0o1) === 0) return false;
  return true;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
