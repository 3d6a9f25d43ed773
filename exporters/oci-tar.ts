import type { Writable } from "node:stream";
import { exportArchive } from "./archive.js";
import type { Exporter } from "./exporter.js";

/** Returns the exporter of `type=oci`: an OCI image layout as a tar file or stream. */
export function ociTar(options: { readonly dest: string | Writable }): Exporter {
  return {
    name: "exporting to oci image format",
    export: (request, context) => exportArchive(options.dest, { family: "oci", docker: false }, request, context),
  };
}
