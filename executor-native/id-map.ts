import { readFileSync } from "node:fs";
import { userInfo } from "node:os";
import { idToolMissing, noIdRange, noNewRights } from "./errors.js";
import { type Ownership, OWNERSHIP_VARIABLE } from "./ownership.js";
import { programPath } from "./program-path.js";
import { type ReadFile, readText } from "./read-text.js";

/** Maps from ids inside the worker's user namespace to the host's. */
export interface IdMaps {
  /**
   * `direct`: root writes the maps; `tools`: the setuid programs newuidmap and newgidmap do; `own`:
   * the process maps its own ids only.
   */
  readonly mode: "direct" | "tools" | "own";
  /** Lines of `inside outside count`, separated by commas. */
  readonly uids: string;
  readonly gids: string;
  /** Reason why an ordinary user has only its own ids, and the way out. Only in mode `own`. */
  readonly lacking?: { readonly problem: string; readonly hint: string };
}

/**
 * Returns the widest maps that this process may have. For root, every id maps to itself. For
 * ordinary users, 0 is the user, and 1 and up are its subordinate ids. Without such ids, without
 * the programs that map them, or when `TSBUILD_OWNERSHIP=virtual` asks for it, id 0 is the only
 * one, and owners are virtual.
 */
export function idMaps(read: ReadFile = readText): IdMaps {
  const uid = process.geteuid?.() ?? 0;
  const gid = process.getegid?.() ?? 0;
  const own = { mode: "own", uids: `0 ${uid} 1`, gids: `0 ${gid} 1` } as const;
  if (isVirtualWanted()) {
    return {
      ...own,
      lacking: { problem: `${OWNERSHIP_VARIABLE}=virtual asks for it`, hint: "Without that, owners are real where they can be" },
    };
  }
  if (isRoot()) {
    return {
      mode: "direct",
      uids: identity(readFileSync("/proc/self/uid_map", "utf8")),
      gids: identity(readFileSync("/proc/self/gid_map", "utf8")),
    };
  }
  for (const tool of ["newuidmap", "newgidmap"])
    if (programPath(tool, process.env.PATH) === undefined) return { ...own, lacking: idToolMissing(tool) };
  if (mayNotGainRights(read)) return { ...own, lacking: noNewRights() };
  const names = namesOf(uid);
  const uids = rangeMap(uid, rangesIn("/etc/subuid"), names);
  const gids = rangeMap(gid, rangesIn("/etc/subgid"), names);
  if (uids !== undefined && gids !== undefined) return { mode: "tools", uids, gids };
  const free = firstFreeId(rangesIn("/etc/subuid"), rangesIn("/etc/subgid"));
  return { ...own, lacking: noIdRange(uids === undefined ? "/etc/subuid" : "/etc/subgid", names.at(-1) as string, free) };
}

/** Returns whether the owners of files in layers are real or virtual here. */
export function ownershipHere(read: ReadFile = readText): Ownership {
  if (isRoot() && !isVirtualWanted()) return "mapped";
  return idMaps(read).mode === "own" ? "virtual" : "mapped";
}

/**
 * Maps the ids that exist in this process's own namespace to themselves. Lines of
 * `/proc/self/uid_map` are `inside outside count`.
 */
export function identity(map: string): string {
  return lines(map)
    .map((line) => line.split(/\s+/))
    .map(([inside, , count]) => `${inside} ${inside} ${count}`)
    .join(",");
}

/**
 * Returns the map of an ordinary user: root inside is `own`; the rest follows from the ranges
 * `name:start:count` of the user, by name or number. Returns undefined without a range.
 */
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

/**
 * Returns the first id from 100,000 on that lies behind every range in `texts` (of /etc/subuid and
 * /etc/subgid): ranges of two users must not overlap.
 */
export function firstFreeId(...texts: readonly string[]): number {
  const ends = texts.flatMap(lines).map((line) => {
    const [, start, count] = line.split(":");
    return Number(start) + Number(count);
  });
  return Math.max(100_000, ...ends.filter(Number.isSafeInteger));
}

/** Returns true for a process with `no_new_privs`, for which set-id programs do nothing. */
function mayNotGainRights(read: ReadFile): boolean {
  return /^NoNewPrivs:\s*1$/m.test(read("/proc/self/status") ?? "");
}

/**
 * Returns the owners that a range may name for this user: the number, and the name where there is
 * one.
 */
function namesOf(uid: number): readonly string[] {
  try {
    return [String(uid), userInfo().username];
  } catch {
    return [String(uid)];
  }
}

/** Returns the text of a file of ranges. A missing file counts as one without ranges. */
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

function isVirtualWanted(): boolean {
  return process.env[OWNERSHIP_VARIABLE] === "virtual";
}

function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
