import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { openStore } from "../../../cache/open-store.js";
import type { Store } from "../../../cache/store.js";
import { type Digest, sha256 } from "../../../core/digest.js";
import type { ExportContext, ExportImage, ExportLayer, ExportRequest } from "../../../exporters/exporter.js";
import { scan } from "../../../oci/layer/read/scan.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { parsePlatform } from "../../../oci/platform.js";
import { padding, type TarHeader } from "../../../oci/tar/header.js";
import { encodeHeader } from "../../../oci/tar/writer.js";

/** Makes a new directory. Returns it with a function that removes it. */
export function temporaryDirectory(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), "tsbuild-test-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** An entry of a layer in a test: a file unless it says otherwise. */
export type TestEntry = Partial<Omit<TarHeader, "size">> & { readonly name: string; readonly text?: string };

/** Returns the bytes of an uncompressed tar. */
export function tarOf(entries: readonly TestEntry[]): Buffer {
  const parts: Buffer[] = [];
  for (const { text = "", ...entry } of entries) {
    const content = Buffer.from(text);
    parts.push(
      encodeHeader({ type: "file", mode: 0o644, uid: 0, gid: 0, mtime: { sec: 1_700_000_000, nsec: 0 }, ...entry, size: content.length }),
    );
    parts.push(content, Buffer.alloc(padding(content.length)));
  }
  return Buffer.concat([...parts, Buffer.alloc(1024)]);
}

/** Opens a store in a temporary directory. */
export function testStore(): { readonly store: Store; readonly root: string; close(): void } {
  const directory = temporaryDirectory();
  const store = openStore({ root: directory.path });
  return {
    store,
    root: directory.path,
    close() {
      store.close();
      directory.remove();
    },
  };
}

/** Puts a layer's blob into the store. */
export function testLayer(store: Store, entries: readonly TestEntry[], compression: "gzip" | "uncompressed" = "gzip"): ExportLayer {
  const tar = tarOf(entries);
  const data = compression === "gzip" ? gzipSync(tar) : tar;
  const { digest, size } = store.blobs.writeSmall(data);
  const mediaType = compression === "gzip" ? mediaTypes.ociLayerGzip : mediaTypes.ociLayer;
  return {
    diffId: sha256(tar),
    blob: { mediaType, digest, size },
    toc: async () => (await scan({ blob: store.blobs.path(digest), mediaType })).toc,
  };
}

/** Makes a finished image with these layers. */
export function testImage(layers: readonly ExportLayer[], platform = "linux/amd64"): ExportImage {
  const { os, architecture } = parsePlatform(platform);
  return {
    platform: parsePlatform(platform),
    layers,
    config: {
      architecture,
      os,
      created: "2024-01-02T03:04:05.678Z",
      config: { Env: ["PATH=/bin"], Cmd: ["/hello"], Labels: { b: "2", a: "1" } },
      rootfs: { type: "layers", diff_ids: layers.map((layer): Digest => layer.diffId) },
      history: layers.map((_, index) => ({ created: "2024-01-02T03:04:05.678Z", created_by: `COPY ${index}`, comment: "test" })),
    },
  };
}

export function exportRequest(
  images: readonly ExportImage[],
  names: readonly string[] = [],
  more: Partial<ExportRequest> = {},
): ExportRequest {
  return { images, names, ...more };
}

export function exportContext(store: Store, signal: AbortSignal = new AbortController().signal): ExportContext {
  return { blobs: store.blobs, signal, progress: () => undefined };
}
