import type { EventSink } from "../../core/events.js";
import type { ExportImage } from "../../exporters/exporter.js";
import type { CacheTo } from "../options/options.js";
import type { CacheExports, ExportSession, SolvedBuild } from "./cache-exports.js";
import type { CacheImports } from "./cache-imports.js";

/** Caches that a build writes (`--cache-to`). */
export interface CacheWrites {
  /** Images to export: with an inline cache where one is wanted. */
  readonly images: readonly ExportImage[];
  /** Writes the other caches, each at the same time. */
  start(): readonly Promise<void>[];
}

interface CacheableBuild {
  readonly images: readonly ExportImage[];
  readonly epoch: number | undefined;
  readonly solved: SolvedBuild;
  readonly imports: CacheImports | undefined;
}

/** Plans the caches of a build. The code for it is loaded where one is written. */
export async function cacheWrites(
  caches: readonly CacheTo[],
  { images, epoch, solved, imports }: CacheableBuild,
  session: ExportSession,
  onEvent: EventSink,
): Promise<CacheWrites> {
  if (caches.length === 0) return { images, start: () => [] };
  const loaded = await import("./cache-exports.js");
  const exports: CacheExports = new loaded.CacheExports({ solved, session, imports, onEvent });
  const inline = caches.some((cache) => cache.type === "inline");
  return {
    images: inline ? await exports.inline(images, epoch) : images,
    start: () => caches.flatMap((cache) => (cache.type === "inline" ? [] : [exports.write(cache)])),
  };
}
