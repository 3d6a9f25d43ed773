import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { badResult, protocolError } from "../../solver/buildkit/errors.js";
import type { ContentPort } from "../../solver/buildkit/transfer/content.js";
import type { CacheFrom, CacheTo } from "../../cache/remote/options.js";
import { isDigest } from "../../core/digest.js";
import { tagOfEntry } from "../../oci/layout/names.js";
import { LayoutDirectory } from "../../oci/layout/directory.js";
import { parseDescriptor } from "./result-layers.js";

/** A cache as BuildKit takes it. */
export interface CacheEntry {
  readonly Type: string;
  readonly Attrs: ReadonlyMap<string, string>;
}

type LocalFrom = Extract<CacheFrom, { readonly type: "local" }>;
type LocalTo = Extract<CacheTo, { readonly type: "local" }>;

/** Attribute of a solve that has the descriptor of the cache which was written. */
const CACHE_MANIFEST = "cache.manifest";

/**
 * Caches in directories of this machine, which a builder reads and writes as stores of the session.
 * Their names there are numbers, because paths of this machine are nobody's business.
 */
export class LocalCaches {
  readonly #stores = new Map<string, ContentPort>();
  readonly #written: LocalTo[] = [];
  readonly #signal: AbortSignal;

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** Stores of the session by their names. */
  get stores(): ReadonlyMap<string, ContentPort> {
    return this.#stores;
  }

  /** Returns the entry of a cache that is read; undefined where the directory has none yet. */
  from({ src, tag = "latest", digest }: LocalFrom): CacheEntry | undefined {
    if (!existsSync(join(src, "index.json"))) return undefined;
    const layout = new LayoutDirectory(src);
    const found = digest ?? layout.entries.find((entry) => tagOfEntry(entry) === tag)?.digest;
    if (found === undefined || !isDigest(found) || !layout.has(found)) return undefined;
    const name = this.#add({
      size: (blob) => (layout.has(blob) ? layout.size(blob) : undefined),
      open: (blob) => layout.open(blob),
      has: () => false,
    });
    return {
      Type: "local",
      Attrs: new Map([
        ["src", name],
        ["digest", found],
      ]),
    };
  }

  /** Returns the entry of a cache that is written. */
  async to(cache: LocalTo, attributes: ReadonlyMap<string, string>): Promise<CacheEntry> {
    const { directoryBlobs } = await import("../../cache/remote/local-directory.js");
    const { path, store } = directoryBlobs(cache.dest);
    this.#written.push(cache);
    const name = this.#add({
      size: (blob) => (existsSync(path(blob)) ? statSync(path(blob)).size : undefined),
      has: (blob) => existsSync(path(blob)),
      ingest: async (source, { digest, size = 0 }) => {
        if (digest === undefined) throw protocolError("it sent a blob of a cache without its digest");
        await store(source, { digest, size }, this.#signal);
        return { digest, size: statSync(path(digest)).size };
      },
    });
    return { Type: "local", Attrs: new Map([...attributes, ["dest", name]]) };
  }

  /** Gives names to the caches that a solve has written, once all of them are there. */
  async finish(attributes: ReadonlyMap<string, string>): Promise<void> {
    if (this.#written.length === 0) return;
    const descriptor = parseDescriptor(attributes.get(CACHE_MANIFEST) ?? "");
    if (!descriptor) throw badResult("the builder does not say which cache it wrote");
    const { nameCache } = await import("../../cache/remote/local-directory.js");
    for (const { dest, tag, reset } of this.#written)
      await nameCache(dest, descriptor, { ...(tag === undefined ? {} : { tag }), reset: reset ?? false });
  }

  #add(port: ContentPort): string {
    const name = `cache-${this.#stores.size}`;
    this.#stores.set(`local:${name}`, port);
    return name;
  }
}
