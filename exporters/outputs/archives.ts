import type { Exporter } from "../exporter.js";
import { ARCHIVE, IMAGE, IMPLIED_BY_IMAGES } from "./common.js";
import { outputType } from "./output-type.js";

async function layoutDirectory(dest: unknown, family: "oci" | "docker"): Promise<Exporter> {
  if (typeof dest !== "string") throw new TypeError("An output with tar: false needs a directory as dest");
  const { ociLayout } = await import("../oci-layout.js");
  return ociLayout({ dest, family });
}

/** An OCI image layout, as a tar or a directory. */
export const oci = outputType({
  type: "oci",
  attributes: { ...ARCHIVE, ...IMAGE },
  holds: "layers",
  implied: { ...IMPLIED_BY_IMAGES, "oci-artifact": "false" },
  async open({ dest, tar }) {
    if (tar === false) return [await layoutDirectory(dest, "oci")];
    const { ociTar } = await import("../oci-tar.js");
    return [ociTar({ dest })];
  },
});

/**
 * A docker archive, or an OCI image layout in a directory. docker loads a result without a
 * destination into its engine; here it goes to the image store.
 */
export const docker = outputType({
  type: "docker",
  attributes: { ...ARCHIVE, ...IMAGE },
  holds: "layers",
  implied: IMPLIED_BY_IMAGES,
  withoutDest: "image",
  async open({ dest, tar }) {
    if (tar === false) return [await layoutDirectory(dest, "docker")];
    const { dockerTar } = await import("../docker-tar.js");
    return [dockerTar({ dest })];
  },
});
