import { blobOfOtherBytes, cacheNotInDirectory, layerNotInDirectory, cacheNotWritten, directoryHoldsFiles } from "./errors.js";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { type Digest, digestHex, isDigest } from "../../core/digest.js";
import { systemErrorCode, TsbuildError, UsageError } from "../../core/errors.js";
import { writeFileAtomic } from "../../core/system/fs-atomic.js";
import { makeDirectory } from "../../core/system/make-directory.js";
import { removeAbandoned } from "../../core/system/temporary-files.js";
import { LAYOUT_FILE, LAYOUT_VERSION } from "../../oci/layout/marker.js";
import { LayoutDirectory } from "../../oci/layout/directory.js";
import { REF_NAME } from "../../oci/layout/names.js";
import { indexJson, writeLayoutBlob } from "../../oci/layout/write.js";
import type { Descriptor } from "../../oci/types.js";
import { parseManifestOrIndex } from "../../oci/validate.js";
import type { LocalFrom, LocalTo } from "./attributes/local.js";
import type { Backend, CacheSource, CacheTarget } from "./backend.js";
import { cacheDocuments, type ManifestForm, manifestForm } from "./manifest.js";
import { cacheOrigin } from "./origin.js";
import { readCacheManifest } from "./read-manifest.js";

/**
 * Returns a cache in an OCI layout directory, found by tag (default `latest`) or by the digest of
 * its manifest.
 */
export function localSource(options: { readonly src: string; readonly tag?: string; readonly digest?: string }): CacheSource {
  const { src, tag = "latest", digest } = options;
  return {
    name: `local cache "${src}"`,
    origin: cacheOrigin({ type: "local", src }),
    async load() {
      if (!existsSync(join(src, "index.json"))) return undefined;
      const layout = new LayoutDirectory(src);
      const target = findTarget(layout, tag, digest);
      const reader = {
        manifest: async (descriptor: Descriptor) => layout.readSmall(descriptor.digest),
        blob: async (descriptor: Descriptor) => layout.readSmall(descriptor.digest),
      };
      return target && readCacheManifest(target, reader, `manifest of the local cache "${src}"`);
    },
    async *blob({ digest }) {
      const layout = new LayoutDirectory(src);
      if (!layout.has(digest)) throw layerNotInDirectory(digest, src);
      yield* layout.open(digest);
    },
  };
}

function findTarget(layout: LayoutDirectory, tag: string, digest: string | undefined): Descriptor | undefined {
  if (digest !== undefined) {
    if (!isDigest(digest) || !layout.has(digest)) throw cacheNotInDirectory(digest, layout);
    return layout.entries.find((entry) => entry.digest === digest) ?? { mediaType: "", digest, size: layout.readSmall(digest).length };
  }
  return layout.entries.find((entry) => entry.annotations?.[REF_NAME] === tag);
}

interface LocalTargetOptions {
  readonly dest: string;
  readonly tag?: string;
  readonly form: ManifestForm;
  /** True removes unreferenced blobs of the directory afterwards. */
  readonly reset?: boolean;
}

export function localTarget(options: LocalTargetOptions): CacheTarget {
  const { dest, tag = "latest", form, reset = false } = options;
  const folder = join(dest, "blobs", "sha256");
  const path = (digest: Digest): string => join(folder, digestHex(digest));
  return {
    name: "client directory",
    async put({ descriptor, open }, { signal, onProgress }) {
      prepare(dest, folder);
      if (!existsSync(path(descriptor.digest)))
        await writing(dest, () => writeLayoutBlob({ digest: descriptor.digest, size: descriptor.size, content: open }, folder, signal));
      onProgress?.(descriptor.size);
    },
    async finish(content) {
      prepare(dest, folder);
      const { config, manifest } = cacheDocuments(content, form);
      await writing(dest, async () => {
        for (const { descriptor, bytes } of [config, manifest])
          if (!existsSync(path(descriptor.digest))) writeFileAtomic(path(descriptor.digest), bytes);
      });
      await nameCache(dest, manifest.descriptor, { tag, reset });
    },
  };
}

/** Gives a name to a cache whose blobs are all in a directory. */
export async function nameCache(
  dest: string,
  { mediaType, digest, size }: Descriptor,
  { tag = "latest", reset }: { readonly tag?: string; readonly reset: boolean },
): Promise<void> {
  await writing(dest, async () => {
    const kept = existsSync(join(dest, "index.json")) ? new LayoutDirectory(dest).entries : [];
    const others = kept.filter((entry) => entry.annotations?.[REF_NAME] !== tag);
    writeFileAtomic(join(dest, LAYOUT_FILE), LAYOUT_VERSION);
    writeFileAtomic(join(dest, "index.json"), indexJson([...others, { mediaType, digest, size, annotations: { [REF_NAME]: tag } }]));
    if (reset) removeUnreferenced(dest, join(dest, "blobs", "sha256"));
  });
}

/** The blobs of a cache that another builder writes into a directory. */
interface DirectoryBlobs {
  path(digest: Digest): string;
  /** Stores a blob. Throws `store/digest-mismatch` for other bytes, and keeps nothing. */
  store(
    source: AsyncIterable<Uint8Array>,
    expected: { readonly digest: Digest; readonly size: number },
    signal: AbortSignal,
  ): Promise<void>;
}

/** Opens a directory for the blobs of a cache. Makes it where it is not there. */
export function directoryBlobs(dest: string): DirectoryBlobs {
  const folder = join(dest, "blobs", "sha256");
  prepare(dest, folder);
  return {
    path: (digest) => join(folder, digestHex(digest)),
    store: (source, { digest, size }, signal) =>
      writing(dest, () => writeLayoutBlob({ digest, size, content: () => verified(source, digest) }, folder, signal)),
  };
}

/** Yields bytes, and throws at their end where they are not those of a digest. */
async function* verified(source: AsyncIterable<Uint8Array>, expected: Digest): AsyncGenerator<Uint8Array, void> {
  const hash = createHash("sha256");
  for await (const chunk of source) {
    hash.update(chunk);
    yield chunk;
  }
  const found = `sha256:${hash.digest("hex")}`;
  if (found !== expected) throw blobOfOtherBytes(expected, found);
}

/** Checks that an existing directory is empty or a layout. */
function checkContent(dest: string): void {
  const names = existsSync(dest) ? readdirSync(dest) : [];
  if (names.length > 0 && !names.includes(LAYOUT_FILE) && !names.includes("blobs") && !names.includes("index.json"))
    throw directoryHoldsFiles(dest);
}

function prepare(dest: string, folder: string): void {
  checkContent(dest);
  try {
    makeDirectory(folder);
    removeAbandoned(folder);
  } catch (error) {
    throw writeFailed(dest, error);
  }
}

async function writing(dest: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (systemErrorCode(error) === undefined || error instanceof TsbuildError) throw error;
    throw writeFailed(dest, error);
  }
}

function writeFailed(dest: string, error: unknown): TsbuildError {
  return cacheNotWritten(dest, error);
}

function removeUnreferenced(dest: string, folder: string): void {
  const layout = new LayoutDirectory(dest);
  const kept = new Set<string>();
  const keep = (descriptor: Descriptor): void => {
    if (kept.has(descriptor.digest) || !layout.has(descriptor.digest)) return;
    kept.add(descriptor.digest);
    if (!/(manifest|index|list)\.v\d\+json$/.test(descriptor.mediaType)) return;
    const { kind, value } = parseManifestOrIndex(
      layout.readSmall(descriptor.digest),
      descriptor.mediaType,
      `manifest ${descriptor.digest} in "${dest}"`,
    );
    for (const child of kind === "index" ? value.manifests : [value.config, ...value.layers]) keep(child);
  };
  for (const entry of layout.entries) keep(entry);
  for (const name of readdirSync(folder)) if (/^[0-9a-f]{64}$/.test(name) && !kept.has(`sha256:${name}`)) rmSync(join(folder, name));
}

export const backend: Backend<LocalFrom, LocalTo> = {
  source: (options) => localSource(options),
  check: (options) =>
    UsageError.of(() => {
      manifestForm(options);
      checkContent(options.dest);
    }),
  target: (options) => localTarget({ ...options, form: manifestForm(options) }),
  origin: ({ src }) => ({ src: String(src) }),
};
