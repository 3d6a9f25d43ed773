import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openStore } from "../../cache/open-store.js";
import type { Store } from "../../cache/store.js";
import type { CacheKey } from "../../core/cache-key.js";
import { type Digest, sha256 } from "../../core/digest.js";
import type { LayerBlob, Toc } from "../../oci/layer/model/toc.js";
import type { Descriptor } from "../../oci/types.js";

export type OnEnd = (end: () => void) => void;

/** Makes an empty directory that is removed with the test. */
export function temporaryRoot(onEnd: OnEnd): string {
  const root = mkdtempSync(join(tmpdir(), "tsbuild-store-"));
  onEnd(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** Opens a handle that is closed with the test, by default on a new root. */
export function open(onEnd: OnEnd, root = temporaryRoot(onEnd)): Store {
  const store = openStore({ root });
  onEnd(() => store.close());
  return store;
}

export function key(text: string): CacheKey {
  return sha256(text).slice("sha256:".length) as CacheKey;
}

export function toc(diffId: Digest): Toc {
  const meta = { mode: 0o644, uid: 0, gid: 0, size: 0, mtime: { sec: 1, nsec: 2 } };
  return {
    version: 1,
    diffId,
    size: 1024,
    entries: [
      { ...meta, path: "dev", type: "dir", mode: 0o755, opaque: true, xattrs: { "user.a": "AAE=" } },
      { ...meta, path: "dev/null", type: "char", device: { major: 1, minor: 3 } },
      { ...meta, path: "f", type: "file", size: 3, digest: sha256("abc") },
      { ...meta, path: "g", type: "file", size: 3, digest: sha256("abc"), hardlink: "f" },
      { ...meta, path: "h", type: "file" },
      { ...meta, path: "l", type: "symlink", link: "f" },
    ],
    whiteouts: ["old"],
  };
}

/** Puts a layer's blob in the store; answers what registers it. */
export function layerBlob(store: Store, text: string): LayerBlob {
  const diffId = sha256(`diff ${text}`);
  return { diffId, ...store.blobs.writeSmall(text), mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", toc: toc(diffId) };
}

/** Stores an image with these layers; answers its manifest's descriptor and its config's digest. */
export function imageOf(
  store: Store,
  name: string,
  layers: readonly Descriptor[] = [],
): { readonly target: Descriptor; readonly config: Digest } {
  const config = store.blobs.writeSmall(JSON.stringify({ os: "linux", name }));
  const manifest = { schemaVersion: 2, config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config }, layers };
  const target = { mediaType: "application/vnd.oci.image.manifest.v1+json", ...store.blobs.writeSmall(JSON.stringify(manifest)) };
  return { target, config: config.digest };
}
