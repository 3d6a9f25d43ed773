import { existsSync, type StatsFs, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { TsbuildError } from "../core/errors.js";

/** What the store may take where nobody says: the smaller of these. */
const DEFAULT = { percent: 20, bytes: 50e9 };

const FACTORS: Readonly<Record<string, number>> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/**
 * The bytes that the store at `root` may take: a number of bytes, a size (`20g`, `512MiB`), a share of its file system (`20%`), or `off` for no
 * limit, which is undefined here. Throws `options/invalid`.
 */
export function cacheBudget(root: string, value: number | string | undefined): number | undefined {
  if (value === undefined || value === "") return Math.min(DEFAULT.bytes, shareOf(root, DEFAULT.percent));
  if (value === "off") return undefined;
  return parseSpace(root, String(value), "the cache budget");
}

/** A size in bytes, with a unit (powers of 1024), or as a share of the file system. */
export function parseSpace(root: string, text: string, what: string): number {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*(%|[kmgt]?(?:i?b)?)$/i.exec(text) ?? [];
  const value = Number(number);
  if (number === undefined || (unit === "%" && value > 100))
    throw new TsbuildError("options/invalid", `Cannot use "${text}" as ${what}: expected a size such as 20g, or a share such as 20%`);
  if (unit === "%") return shareOf(root, value);
  return Math.floor(value * (FACTORS[/^[kmgt]/i.exec(unit)?.[0].toLowerCase() ?? ""] ?? 1));
}

function shareOf(root: string, percent: number): number {
  const { blocks, bsize } = fileSystem(root);
  return Math.floor((blocks * bsize * percent) / 100);
}

/** Bytes of the store's file system that ordinary users can still write. */
export function freeSpace(root: string): number {
  const { bavail, bsize } = fileSystem(root);
  return bavail * bsize;
}

/** The store itself need not be there yet. */
function fileSystem(path: string): StatsFs {
  return existsSync(path) || dirname(path) === path ? statfsSync(path) : fileSystem(dirname(path));
}
