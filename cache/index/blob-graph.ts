import { closeSync, fstatSync, readFileSync, readSync } from "node:fs";
import { type Digest, isDigest } from "../../core/digest.js";
import type { BlobStore } from "../contract/blobs.js";
import { openIfThere } from "../open-if-there.js";

/** Bytes above which a blob is not a manifest or index (registries refuse such, too). */
const LARGEST_MANIFEST = 4 << 20;

interface References {
  readonly manifests: readonly Digest[];
  readonly config: Digest | undefined;
  readonly layers: readonly Digest[];
}

const NONE: References = { manifests: [], config: undefined, layers: [] };

/** What blobs refer to: index → manifests → config and layers. Remembers what it read; blobs do not change. */
export class BlobGraph {
  readonly #known = new Map<Digest, References>();

  constructor(private readonly blobs: BlobStore) {}

  /** These and everything below them, whether or not it is in the store. Of what a manifest names nothing is read: configs and layers refer to nothing. */
  reachable(from: Iterable<Digest>): Set<Digest> {
    const found = new Set<Digest>(from);
    const leaves = new Set<Digest>();
    // A set's iterator also visits what is added on the way.
    for (const digest of found) {
      const { manifests, config, layers } = this.#references(digest);
      for (const child of manifests) found.add(child);
      if (config) leaves.add(config);
      for (const child of layers) leaves.add(child);
    }
    for (const leaf of leaves) found.add(leaf);
    return found;
  }

  /** The same without the layers of manifests: what it takes to know an image without having its files. */
  metadata(from: Iterable<Digest>): Set<Digest> {
    const found = new Set<Digest>(from);
    for (const digest of found) {
      const { manifests, config } = this.#references(digest);
      for (const child of manifests) found.add(child);
      if (config) found.add(config);
    }
    return found;
  }

  /** Of an index; empty for anything else. */
  manifests(digest: Digest): readonly Digest[] {
    return this.#references(digest).manifests;
  }

  /** Of a manifest. */
  config(digest: Digest): Digest | undefined {
    return this.#references(digest).config;
  }

  /** Of a manifest; empty for anything else. */
  layers(digest: Digest): readonly Digest[] {
    return this.#references(digest).layers;
  }

  #references(digest: Digest): References {
    const known = this.#known.get(digest);
    if (known) return known;
    if (!this.blobs.has(digest)) return NONE;
    const references = this.#read(digest);
    this.#known.set(digest, references);
    return references;
  }

  #read(digest: Digest): References {
    const data = readManifest(this.blobs.path(digest));
    if (data === undefined) return NONE;
    try {
      const { manifests, config, layers } = JSON.parse(data.toString()) as Record<string, unknown>;
      return { manifests: digests(manifests), config: digests([config])[0], layers: digests(layers) };
    } catch {
      return NONE;
    }
  }
}

/** The text of a blob that may be a manifest by its size and first byte: most blobs are layers, which need not be read. */
function readManifest(path: string): Buffer | undefined {
  const fd = openIfThere(path);
  if (fd === undefined) return undefined;
  try {
    const first = Buffer.alloc(1);
    if (fstatSync(fd).size > LARGEST_MANIFEST || readSync(fd, first, 0, 1, 0) !== 1 || first[0] !== 0x7b) return undefined;
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** The digests of the descriptors in a list of anything. */
function digests(list: unknown): readonly Digest[] {
  if (!Array.isArray(list)) return [];
  return list
    .map((item: unknown) => (typeof item === "object" && item !== null && "digest" in item ? item.digest : undefined))
    .filter((digest): digest is Digest => typeof digest === "string" && isDigest(digest));
}
