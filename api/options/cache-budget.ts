import { badSpace } from "./errors.js";
import { existsSync, type StatsFs, statfsSync } from "node:fs";
import { dirname } from "node:path";
import { parseSize } from "../../core/go-values/size.js";

/** Default size of the store: the smaller of these. */
const DEFAULT = { percent: 20, bytes: 50e9 };

/**
 * Returns the bytes that the store at `root` may take. `value` is a number of bytes, a size (`20g`,
 * `512MiB`), a share of its file system (`20%`), or `off`. Returns undefined for `off`: there is no
 * limit. Throws `options/invalid`.
 */
export function cacheBudget(root: string, value: number | string | undefined): number | undefined {
  if (value === undefined || value === "") return Math.min(DEFAULT.bytes, shareOf(root, DEFAULT.percent));
  if (value === "off") return undefined;
  return parseSpace(root, String(value), "the cache budget");
}

/** Reads a size, or a share of the file system that holds `root`, in bytes. */
export function parseSpace(root: string, text: string, what: string): number {
  const [, percent] = /^(\d+(?:\.\d+)?) ?%$/.exec(text) ?? [];
  if (percent !== undefined && Number(percent) <= 100) return shareOf(root, Number(percent));
  const bytes = parseSize(text);
  if (bytes !== undefined) return bytes;
  throw badSpace(text, what);
}

function shareOf(root: string, percent: number): number {
  const { blocks, bsize } = fileSystem(root);
  return Math.floor((blocks * bsize * percent) / 100);
}

/** Returns the bytes of the store's file system that ordinary users can still write. */
export function freeSpace(root: string): number {
  const { bavail, bsize } = fileSystem(root);
  return bavail * bsize;
}

/** Returns the file system of a path, which need not exist yet. */
function fileSystem(path: string): StatsFs {
  return existsSync(path) || dirname(path) === path ? statfsSync(path) : fileSystem(dirname(path));
}
