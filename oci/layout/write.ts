import { LAYOUT_FILE, LAYOUT_VERSION } from "./marker.js";
import { layoutNotWritten, layoutUnwritable, layoutHoldsFiles } from "./errors.js";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { digestHex, type Digest } from "../../core/digest.js";
import { systemErrorCode, throwIfAborted, TsbuildError } from "../../core/errors.js";
import { makeDirectory } from "../../core/system/make-directory.js";
import { writeFileAtomic } from "../../core/system/fs-atomic.js";
import { isTemporaryName, removeAbandoned, temporaryName } from "../../core/system/temporary-files.js";
import { mediaTypes } from "../media-types.js";
import type { Descriptor, Index } from "../types.js";
import { parseIndex } from "../validate.js";
import { type ArchiveMember, writeArchive } from "./archive-writer.js";
import type { ByteSink } from "./byte-sink.js";
import { nameOfEntry, tagOfEntry } from "./names.js";
import { writeAll } from "../../core/system/write-all.js";

/** One blob of a layout: bytes in memory, or a function that opens a verifying stream of them. */
export interface LayoutBlob {
  readonly digest: Digest;
  readonly size: number;
  readonly content: Uint8Array | (() => AsyncIterable<Uint8Array>);
}

/** One image of docker's `manifest.json`. */
export interface DockerManifestEntry {
  readonly config: Digest;
  /** Familiar names: `alpine:3.20`. */
  readonly repoTags: readonly string[];
  readonly layers: readonly Digest[];
}

/** Everything that a layout holds. A blob may be listed more than once. */
export interface LayoutContent {
  /** Entries of `index.json`, in order. */
  readonly entries: readonly Descriptor[];
  readonly blobs: readonly LayoutBlob[];
  /** Entries that make the archive one that docker of any age loads as well. */
  readonly docker?: readonly DockerManifestEntry[];
}

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Bytes written so far. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/**
 * Writes an OCI layout as a tar, with sorted names and without dates and owners, as containerd
 * does. With `docker`, the tar is a docker archive too. Verifies blobs while they are read.
 */
export function writeLayoutArchive(content: LayoutContent, sink: ByteSink, options: WriteOptions = {}): Promise<void> {
  return writeArchive(layoutMembers(content), sink, options);
}

function layoutMembers(content: LayoutContent): readonly ArchiveMember[] {
  const document = (name: string, mode: number, text: string): ArchiveMember => ({ name, mode, content: Buffer.from(text) });
  return [
    { name: "blobs/", mode: 0o755 },
    { name: "blobs/sha256/", mode: 0o755 },
    ...uniqueBlobs(content.blobs).map(({ digest, size, content: bytes }) => ({
      name: `blobs/sha256/${digestHex(digest)}`,
      mode: 0o444,
      content: typeof bytes === "function" ? { size, open: bytes } : bytes,
    })),
    document("index.json", 0o644, indexJson(content.entries)),
    ...(content.docker === undefined ? [] : [document("manifest.json", 0o644, dockerManifestJson(content.docker))]),
    document(LAYOUT_FILE, 0o444, LAYOUT_VERSION),
  ];
}

/** Estimates the bytes of the archive that {@link writeLayoutArchive} writes, for progress. */
export function archiveSize(content: LayoutContent): number {
  return uniqueBlobs(content.blobs).reduce((sum, blob) => sum + blob.size + 1024, 4096);
}

/**
 * Adds images to an OCI layout directory; makes a missing directory. Keeps other images in it;
 * replaces an entry with the same name. Replaces `index.json` last and atomically, so the directory
 * is valid at any moment. Removes added blobs again on failure.
 */
export async function writeLayoutDirectory(content: LayoutContent, directory: string, options: WriteOptions = {}): Promise<void> {
  const existing = existingEntries(directory);
  const created = !existsSync(directory);
  const added: string[] = [];
  try {
    const folder = join(directory, "blobs", "sha256");
    makeDirectory(folder);
    removeAbandoned(folder);
    let written = 0;
    for (const blob of uniqueBlobs(content.blobs)) {
      throwIfAborted(options.signal);
      const path = join(folder, digestHex(blob.digest));
      if (!existsSync(path)) {
        await writeLayoutBlob(blob, folder, options.signal);
        added.push(path);
      }
      written += blob.size;
      options.onProgress?.(written);
    }
    const names = new Set(content.entries.map(nameOfEntry));
    const tags = new Set(content.entries.map(tagOfEntry));
    const digests = new Set(content.entries.map((entry) => entry.digest));
    const kept = existing.filter((entry) => {
      const [name, tag] = [nameOfEntry(entry), tagOfEntry(entry)];
      if (name !== undefined) return !names.has(name);
      // Entries without a name or tag differ by digest only.
      return !digests.has(entry.digest) && (tag === undefined || !tags.has(tag));
    });
    writeFileAtomic(join(directory, LAYOUT_FILE), LAYOUT_VERSION);
    writeFileAtomic(join(directory, "index.json"), indexJson([...kept, ...content.entries]));
  } catch (error) {
    if (created) rmSync(directory, { recursive: true, force: true });
    else for (const path of added) rmSync(path, { force: true });
    if (systemErrorCode(error) === undefined || error instanceof TsbuildError) throw error;
    throw layoutNotWritten(directory, error);
  }
}

/** Returns the text of `index.json`, always as an OCI index. */
export function indexJson(entries: readonly Descriptor[]): string {
  return JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: entries } satisfies Index);
}

function dockerManifestJson(images: readonly DockerManifestEntry[]): string {
  const path = (digest: Digest): string => `blobs/sha256/${digestHex(digest)}`;
  return JSON.stringify(
    images.map((image) => ({
      Config: path(image.config),
      RepoTags: image.repoTags.length === 0 ? null : image.repoTags,
      Layers: image.layers.map(path),
    })),
  );
}

function uniqueBlobs(blobs: readonly LayoutBlob[]): readonly LayoutBlob[] {
  return [...new Map(blobs.map((blob) => [blob.digest, blob])).values()].sort((a, b) => (a.digest < b.digest ? -1 : 1));
}

/** Writes one blob into the folder `blobs/sha256` of a layout: complete or not at all. */
export async function writeLayoutBlob(blob: LayoutBlob, folder: string, signal: AbortSignal | undefined): Promise<void> {
  const path = join(folder, digestHex(blob.digest));
  const temporary = temporaryName(folder);
  try {
    const fd = openSync(temporary, "wx", 0o644);
    try {
      if (typeof blob.content === "function") {
        for await (const chunk of blob.content()) {
          throwIfAborted(signal);
          writeAll(fd, chunk);
        }
      } else writeAll(fd, blob.content);
    } finally {
      closeSync(fd);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Reads the images of a layout directory before it is written to. Returns none where the directory
 * is missing, empty or unfinished. Throws `export/not-a-layout`.
 */
export function existingEntries(directory: string): readonly Descriptor[] {
  let names: readonly string[];
  try {
    names = readdirSync(directory);
  } catch (error) {
    if (systemErrorCode(error) === "ENOENT") return [];
    throw layoutUnwritable(directory, error);
  }
  // A process that was killed has written its blobs, but not yet the file that marks a layout.
  if (names.every((name) => name === "blobs" || isTemporaryName(name))) return [];
  if (!names.includes(LAYOUT_FILE)) {
    throw layoutHoldsFiles(directory);
  }
  return names.includes("index.json")
    ? parseIndex(readFileSync(join(directory, "index.json")), `index.json of "${directory}"`).manifests
    : [];
}
