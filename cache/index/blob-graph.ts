import { closeSync, fstatSync, readFileSync, readSync } from "node:fs";
import { type Digest, isDigest } from "../../core/digest.js";
import type { BlobStore } from "../contract/blobs.js";
import { openIfExists } from "../open-if-exists.js";

/** Bytes above which a blob is not a manifest or index (registries refuse such, too). */
const LARGEST_MANIFEST = 4 << 20;

interface References {
  readonly manifests: readonly Digest[];
  readonly config: Digest | undefined;
  readonly layers: readonly Digest[];
}

const NONE: References = { manifests: [], config: undefined, layers: [] };

/**
 * References between blobs: index → manifests → config and layers. The graph remembers the
 * documents that it read, because blobs do not change.
 */
export class BlobGraph {
  readonly #blobs: BlobStore;
  readonly #known = new Map<Digest, References>();

  constructor(blobs: BlobStore) {
    this.#blobs = blobs;
  }

  /**
   * Returns these blobs and everything below them, present or not. Does not read configs and
   * layers, which refer to nothing.
   */
  reachable(from: Iterable<Digest>): Set<Digest> {
    const found = new Set<Digest>(from);
    const leaves = new Set<Digest>();
    // A set's iterator also visits elements that are added on the way.
    for (const digest of found) {
      const { manifests, config, layers } = this.#references(digest);
      for (const child of manifests) found.add(child);
      if (config) leaves.add(config);
      for (const child of layers) leaves.add(child);
    }
    for (const leaf of leaves) found.add(leaf);
    return found;
  }

  /**
   * Returns the reachable blobs without the layers of manifests: the metadata of an image without
   * its files.
   */
  metadata(from: Iterable<Digest>): Set<Digest> {
    const found = new Set<Digest>(from);
    for (const digest of found) {
      const { manifests, config } = this.#references(digest);
      for (const child of manifests) found.add(child);
      if (config) found.add(config);
    }
    return found;
  }

  /** Returns the manifests of an index; none for any other blob. */
  manifests(digest: Digest): readonly Digest[] {
    return this.#references(digest).manifests;
  }

  /** Returns the config of a manifest. */
  config(digest: Digest): Digest | undefined {
    return this.#references(digest).config;
  }

  /** Returns the layers of a manifest; none for any other blob. */
  layers(digest: Digest): readonly Digest[] {
    return this.#references(digest).layers;
  }

  #references(digest: Digest): References {
    const known = this.#known.get(digest);
    if (known) return known;
    if (!this.#blobs.has(digest)) return NONE;
    const references = this.#read(digest);
    this.#known.set(digest, references);
    return references;
  }

  #read(digest: Digest): References {
    const data = readManifest(this.#blobs.path(digest));
    if (data === undefined) return NONE;
    try {
      const { manifests, config, layers } = JSON.parse(data.toString()) as Record<string, unknown>;
      return { manifests: digests(manifests), config: digests([config])[0], layers: digests(layers) };
    } catch {
      return NONE;
    }
  }
}

/**
 * Reads a blob that may be a manifest by its size and first byte. Most blobs are layers, which need
 * not be read.
 */
function readManifest(path: string): Buffer | undefined {
  const fd = openIfExists(path);
  if (fd === undefined) return undefined;
  try {
    const first = Buffer.alloc(1);
    if (fstatSync(fd).size > LARGEST_MANIFEST || readSync(fd, first, 0, 1, 0) !== 1 || first[0] !== 0x7b) return undefined;
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Returns the digests of the descriptors in a list of any values. */
function digests(list: unknown): readonly Digest[] {
  if (!Array.isArray(list)) return [];
  return list
    .map((item: unknown) => (typeof item === "object" && item !== null && "digest" in item ? item.digest : undefined))
    .filter((digest): digest is Digest => typeof digest === "string" && isDigest(digest));
}
