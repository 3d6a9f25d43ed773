import { accessSync, constants, readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { idToolMissing, noIdRange } from "./errors.js";

/** How ids inside the worker's user namespace relate to the host's. */
export interface IdMaps {
  /** `direct`: root writes the maps; `tools`: through the setuid programs newuidmap and newgidmap. */
  readonly mode: "direct" | "tools";
  /** Lines of `inside outside count`, separated by commas. */
  readonly uids: string;
  readonly gids: string;
}

/**
 * The widest maps this process may have. Root: every id is itself. Ordinary users: 0 is the user, 1 and up are its subordinate ids.
 * Throws `exec/no-id-range` or `exec/id-map-tool` with what to do.
 */
export function idMaps(): IdMaps {
  if (process.geteuid?.() === 0) {
    return {
      mode: "direct",
      uids: identity(readFileSync("/proc/self/uid_map", "utf8")),
      gids: identity(readFileSync("/proc/self/gid_map", "utf8")),
    };
  }
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  for (const tool of ["newuidmap", "newgidmap"]) if (!inPath(tool)) throw idToolMissing(tool);
  return { mode: "tools", uids: mapped(uid, "/etc/subuid", uid), gids: mapped(gid, "/etc/subgid", uid) };
}

/** Ids that exist in this process's own namespace map to themselves (`/proc/self/uid_map` has `inside outside count`). */
export function identity(map: string): string {
  return lines(map)
    .map((line) => line.split(/\s+/))
    .map(([inside, , count]) => `${inside} ${inside} ${count}`)
    .join(",");
}

/** Root inside is `own`; the rest follows from the ranges `name:start:count` of the user, named or by number. */
export function rangeMap(own: number, text: string, names: readonly string[]): string | undefined {
  const map = [`0 ${own} 1`];
  let inside = 1;
  for (const line of lines(text)) {
    const [name, start, count] = line.split(":");
    if (name === undefined || !names.includes(name) || !/^\d+$/.test(start ?? "") || !/^[1-9]\d*$/.test(count ?? "")) continue;
    map.push(`${inside} ${start} ${count}`);
    inside += Number(count);
  }
  return inside === 1 ? undefined : map.join(",");
}

/** The first id from 100,000 on that no range in `texts` (of /etc/subuid and /etc/subgid) holds, nor any after it: ranges of two users must not overlap. */
export function firstFreeId(...texts: readonly string[]): number {
  const ends = texts.flatMap(lines).map((line) => {
    const [, start, count] = line.split(":");
    return Number(start) + Number(count);
  });
  return Math.max(100_000, ...ends.filter(Number.isSafeInteger));
}

function mapped(own: number, file: string, uid: number): string {
  const names = [String(uid)];
  try {
    names.push(userInfo().username);
  } catch {
    // No entry in /etc/passwd: a range can still be given by number.
  }
  const map = rangeMap(own, rangesIn(file), names);
  if (map === undefined) throw noIdRange(file, names.at(-1) as string, firstFreeId(rangesIn("/etc/subuid"), rangesIn("/etc/subgid")));
  return map;
}

/** A file that is not there is reported as a missing range, which is what it means. */
function rangesIn(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
}

function inPath(name: string): boolean {
  return (process.env.PATH ?? "").split(":").some((directory) => {
    try {
      accessSync(join(directory || ".", name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
