import type { CacheFrom, CacheTo } from "../../options/options.js";
import { parseCacheFrom, parseCacheTo } from "../../texts/cache.js";
import { badRequest, unsupported } from "../errors.js";

/** A cache as a client names it. */
export interface CacheEntry {
  readonly Type?: string;
  readonly Attrs?: ReadonlyMap<string, string>;
}

/**
 * Types of caches that clients may name. Note that others are not among them, because this
 * process reaches them with credentials of its own.
 */
const TYPES = new Set(["registry", "inline"]);

const NOWHERE = { cwd: "/", env: {} };

/**
 * Returns the caches that a client reads from: those of the frontend, and references of older
 * clients.
 */
export function cacheImports(json: string | undefined, references: string | undefined): readonly CacheFrom[] {
  const entries = json === undefined ? [] : entriesOf(json);
  const older = references === undefined || references === "" ? [] : references.split(",");
  return [...entries, ...older.map((ref) => ({ Type: "registry", Attrs: new Map([["ref", ref]]) }))].flatMap(readImport);
}

export function readImport(entry: CacheEntry): readonly CacheFrom[] {
  return parseCacheFrom([lineOf(entry)], NOWHERE);
}

export function readExport(entry: CacheEntry): readonly CacheTo[] {
  return parseCacheTo([lineOf(entry)], NOWHERE);
}

/** Returns a cache as a line of CSV, such as `type=registry,"ref=a,b"`. */
function lineOf({ Type = "", Attrs = new Map() }: CacheEntry): string {
  if (!TYPES.has(Type)) throw unsupported(`caches of the type "${Type}"`);
  return csvLine([["type", Type], ...Attrs]);
}

/** Returns pairs as a line of CSV. */
export function csvLine(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([key, value]) => `"${`${key}=${value}`.replaceAll('"', '""')}"`).join(",");
}

function entriesOf(json: string): readonly CacheEntry[] {
  let list: unknown;
  try {
    list = JSON.parse(json);
  } catch {
    list = undefined;
  }
  if (!Array.isArray(list)) throw badRequest("cache-imports is no list");
  return list.map((entry: { readonly Type?: unknown; readonly Attrs?: unknown }) => ({
    Type: String(entry?.Type ?? ""),
    Attrs: new Map(Object.entries((entry?.Attrs ?? {}) as Record<string, unknown>).map(([name, value]) => [name, String(value)])),
  }));
}
