import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { sha256 } from "../../../core/digest.js";
import type { ExportLayer } from "../../../exporters/exporter.js";
import { ociLayout } from "../../../exporters/oci-layout.js";
import { scan } from "../../../oci/layer/read/scan.js";
import { mediaTypes } from "../../../oci/media-types.js";
import { hostPlatform } from "../../../oci/platform.js";
import { makeBusyboxLayout } from "./base-image.js";
import { exportContext, exportRequest, testImage, testStore } from "./images.js";

/** Makes an OCI layout of an image with these layers. */
export async function layeredLayout(directory: string, tars: readonly Buffer[]): Promise<string> {
  const { store, close } = testStore();
  try {
    const layers = tars.map((tar): ExportLayer => {
      const { digest, size } = store.blobs.writeSmall(tar);
      const mediaType = mediaTypes.ociLayer;
      return {
        diffId: sha256(tar),
        blob: { mediaType, digest, size },
        toc: async () => (await scan({ blob: store.blobs.path(digest), mediaType })).toc,
      };
    });
    const { os, architecture } = hostPlatform();
    const image = exportRequest([testImage(layers, `${os}/${architecture}`)], ["x.io/base:latest"]);
    await ociLayout({ dest: directory }).export(image, exportContext(store));
    return directory;
  } finally {
    close();
  }
}

/** Makes the tar of a root filesystem of busybox: see {@link makeBusyboxLayout}. */
export async function busyboxLayer(): Promise<Buffer> {
  const directory = mkdtempSync(join(tmpdir(), "tsbuild-base-"));
  try {
    await makeBusyboxLayout(directory);
    const blobs = readdirSync(join(directory, "blobs/sha256")).map((name) => readFileSync(join(directory, "blobs/sha256", name)));
    return gunzipSync(blobs.find((blob) => blob[0] === 0x1f) as Buffer);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
