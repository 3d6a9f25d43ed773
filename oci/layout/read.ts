import { LAYOUT_FILE } from "./marker.js";
import { badArchive, archiveOfOtherDigest, archiveDamaged } from "./errors.js";
import { posix } from "node:path";
import { isDigest, type Digest } from "../../core/digest.js";
import { TsbuildError } from "../../core/errors.js";
import { sniffFormat } from "../layer/read/decompress.js";
import type { Compression } from "../media-types.js";
import { readTree } from "../image.js";
import type { Descriptor } from "../types.js";
import { MAX_METADATA_SIZE, parseIndex } from "../validate.js";
import { type ArchiveEntry, readEntries } from "./archive-reader.js";
import type { BlobTarget } from "./complete.js";
import { ArchiveFiles, importDockerImage, parseDockerManifest } from "./docker-archive.js";
import { nameOfEntry } from "./names.js";

/** An image found in an archive or layout, with its names there. Its blobs are in the store. */
export interface FoundImage {
  /** Canonical names, in order, each once. */
  readonly names: readonly string[];
  readonly target: Descriptor;
}

const DOCUMENTS = new Set(["index.json", "manifest.json", LAYOUT_FILE, "repositories"]);
/** Files of docker archives that can be configs or layers. Other files are not kept. */
const DOCKER_FILE = /(\.json|\.tar(\.\w+)?|\.tgz)$|(^|\/)[0-9a-f]{64}$/;

/**
 * Reads an uncompressed image archive, once, straight into a blob store. Takes OCI layouts, docker
 * archives of every version, and archives that are both: then the layout decides and docker's names
 * are added. Keeps only complete blobs. Throws `images/not-an-archive` for an archive without
 * images.
 */
export async function readArchive(
  source: AsyncIterable<Uint8Array>,
  blobs: BlobTarget,
  options: { readonly signal?: AbortSignal } = {},
): Promise<readonly FoundImage[]> {
  const documents = new Map<string, Buffer>();
  const files = new ArchiveFiles();
  const entries: string[] = [];
  for await (const entry of readEntries(source, options.signal)) {
    const name = posix.normalize(entry.name).replace(/^\/+/, "");
    if (entries.length < 4) entries.push(name);
    if (entry.type === "symlink" || entry.type === "link") {
      if (entry.link !== undefined) files.link(name, entry.link, entry.type === "symlink");
    } else if (entry.type === "file") {
      if (DOCUMENTS.has(name)) documents.set(name, await readDocument(entry, name));
      else if (name.startsWith("blobs/") || DOCKER_FILE.test(name))
        files.files.set(name, await storeFile(entry, name, blobs, options.signal));
    }
  }
  const layout = documents.get("index.json");
  const docker = documents.get("manifest.json");
  const fromLayout = layout === undefined ? [] : imagesOf(parseIndex(layout, "index.json of the archive").manifests, blobs);
  if (docker === undefined) {
    if (fromLayout.length > 0) return fromLayout;
    throw notAnArchive(documents, entries, layout !== undefined);
  }
  const dockerImages = parseDockerManifest(docker);
  if (fromLayout.length === 0) {
    const found = merge(dockerImages.map((image) => ({ names: image.names, target: importDockerImage(image, files, blobs) })));
    if (found.length === 0) throw notAnArchive(documents, entries, true);
    return found;
  }
  // An entry without a name in the layout may have one in docker's part. The config identifies the
  // pair.
  const byConfig = targetsByConfig(fromLayout, blobs);
  return merge([
    ...fromLayout,
    ...dockerImages.flatMap((image) => {
      const config = files.get(image.config)?.digest;
      const target = config === undefined ? undefined : byConfig.get(config);
      return target === undefined ? [] : [{ names: image.names, target }];
    }),
  ]);
}

/**
 * Returns the images that `index.json` of a layout names. Leaves out entries that are no images
 * (signatures and other artifacts).
 */
export function imagesOf(entries: readonly Descriptor[], blobs: BlobTarget): readonly FoundImage[] {
  const images = merge(
    entries.map((entry) => {
      const name = nameOfEntry(entry);
      const { annotations: _, ...target } = entry;
      return { names: name === undefined ? [] : [name], target };
    }),
  );
  // The check for a complete image reports a missing manifest.
  return images.filter(({ target }) => !blobs.has(target.digest) || holdsImage(target, blobs));
}

function holdsImage(target: Descriptor, blobs: BlobTarget): boolean {
  return readTree(target, blobs, "an image of the archive").manifests.some((node) => node.image);
}

/** Returns the first image that has each config. */
function targetsByConfig(images: readonly FoundImage[], blobs: BlobTarget): ReadonlyMap<Digest, Descriptor> {
  const targets = new Map<Digest, Descriptor>();
  for (const { target } of images) {
    if (!blobs.has(target.digest)) continue;
    for (const { manifest } of readTree(target, blobs, "an image of the archive").manifests) {
      if (!targets.has(manifest.config.digest)) targets.set(manifest.config.digest, target);
    }
  }
  return targets;
}

/** Merges entries of the same image, in order of first appearance. */
function merge(images: readonly FoundImage[]): readonly FoundImage[] {
  const merged = new Map<Digest, { names: Set<string>; target: Descriptor }>();
  for (const { names, target } of images) {
    const known = merged.get(target.digest) ?? { names: new Set(), target };
    for (const name of names) known.names.add(name);
    merged.set(target.digest, known);
  }
  return [...merged.values()].map(({ names, target }) => ({ names: [...names], target }));
}

async function readDocument(entry: ArchiveEntry, name: string): Promise<Buffer> {
  if (entry.size > 4 * MAX_METADATA_SIZE) {
    throw archiveDamaged(name, entry);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of entry.content) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks);
}

async function storeFile(
  entry: ArchiveEntry,
  name: string,
  blobs: BlobTarget,
  signal: AbortSignal | undefined,
): Promise<{ readonly digest: Digest; readonly size: number; readonly compression: Compression | undefined }> {
  const named = /^blobs\/(sha256)\/([0-9a-f]{64})$/.exec(name);
  const digest = named === null ? undefined : `${named[1]}:${named[2]}`;
  const { size } = entry;
  const start = Buffer.alloc(6);
  let seen = 0;
  const watched = async function* (): AsyncGenerator<Buffer, void> {
    for await (const chunk of entry.content) {
      if (seen < start.length) seen += chunk.copy(start, seen);
      yield chunk;
    }
  };
  const options = signal === undefined ? {} : { signal };
  if (digest !== undefined && isDigest(digest)) {
    const there = blobs.keep === undefined ? blobs.has(digest) : blobs.keep(digest);
    if (there) {
      for await (const _ of watched()) if (seen === start.length) break;
    } else {
      await blobs.ingest(watched(), { digest, size }, options).catch((cause: unknown) => {
        if (!(cause instanceof TsbuildError) || cause.code !== "store/digest-mismatch") throw cause;
        throw archiveOfOtherDigest(name, cause);
      });
    }
    return { digest, size, compression: compressionOf(start.subarray(0, seen)) };
  }
  const stored = await blobs.ingest(watched(), { size }, options);
  return { ...stored, compression: compressionOf(start.subarray(0, seen)) };
}

function compressionOf(start: Buffer): Compression | undefined {
  const format = sniffFormat(start);
  return format === "plain" ? "uncompressed" : format === "gzip" || format === "zstd" ? format : undefined;
}

function notAnArchive(documents: ReadonlyMap<string, Buffer>, entries: readonly string[], empty: boolean): TsbuildError {
  const found = documents.has("repositories")
    ? "it is in the format of docker before 1.10"
    : empty
      ? "it holds no images"
      : entries.length === 0
        ? "it is empty"
        : entries[0]?.startsWith("blobs")
          ? "it holds blobs but no index.json; it may be cut off"
          : `it has neither index.json nor manifest.json; it begins with ${entries.map((name) => `"${name}"`).join(", ")}`;
  return badArchive(found);
}
