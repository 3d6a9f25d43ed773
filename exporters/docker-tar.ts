import type { Writable } from "node:stream";
import { exportArchive } from "./archive.js";
import { severalPlatforms } from "./errors.js";
import type { Exporter, ExportRequest } from "./exporter.js";

/**
 * Returns the exporter of `type=docker`: a tar that is a docker archive and an OCI layout, with
 * Docker's media types, BuildKit's default. Takes one platform only: docker archives have no form
 * for several.
 */
export function dockerTar(options: { readonly dest: string | Writable }): Exporter {
  return {
    name: "exporting to docker image format",
    async export(request, context) {
      requireOnePlatform(request);
      return exportArchive(options.dest, { family: "docker", docker: true }, request, context);
    },
  };
}

export function requireOnePlatform({ images }: ExportRequest): void {
  if (images.length > 1) throw severalPlatforms(images.length);
}
