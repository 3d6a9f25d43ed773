import { unreachable } from "../core/errors.js";
import { parseCacheOrigin } from "../cache/transfer/origin.js";
import type { Exporter } from "../exporters/exporter.js";
import type { CompressionOptions } from "../oci/layer/tasks.js";
import { parseReference } from "../oci/reference.js";
import type { Output } from "./options.js";
import type { Session } from "./session.js";

/** Whether an output holds an image, as opposed to the image's files only, or nothing. */
export function exportsImage(output: Output): boolean {
  return output.type === "oci" || output.type === "docker" || output.type === "image" || output.type === "registry";
}

/** Whether an output holds layers or their files. */
export function holdsLayers(output: Output): boolean {
  return output.type !== "cacheonly";
}

/**
 * Whether a layer that is elsewhere, at `origin`, may stay there: when no output holds layers, or when all that do push to the registry that it came
 * from, which can take it over from one repository into another.
 */
export function mayStay(outputs: readonly Output[], names: readonly string[]): (origin: string) => boolean {
  const holding = outputs.filter(holdsLayers);
  if (holding.length === 0) return () => true;
  const registries = new Set<string>();
  for (const output of holding) {
    if (output.type !== "registry") return () => false;
    for (const name of output.names ?? names) registries.add(parseReference(name).registry);
  }
  return (origin) => !parseCacheOrigin(origin) && [...registries].every((registry) => registry === parseReference(origin).registry);
}

/** The form of the layers a build makes: what an output asks for, gzip for images, none where only the files are wanted. */
export function outputCompression(outputs: readonly Output[]): CompressionOptions {
  for (const output of outputs) {
    if (!("compression" in output || "compressionLevel" in output)) continue;
    const { compression, compressionLevel: level } = output;
    if (compression !== undefined || level !== undefined) return { type: compression ?? "gzip", ...(level === undefined ? {} : { level }) };
  }
  return { type: outputs.some(exportsImage) ? "gzip" : "uncompressed" };
}

/** The exporters for an output, in the order they run. Their code is loaded when it is used. */
export async function exportersFor(output: Output, session: Session): Promise<readonly Exporter[]> {
  switch (output.type) {
    case "oci": {
      if (output.tar === false) return [await layoutDirectory(output.dest, "oci")];
      const { ociTar } = await import("../exporters/oci-tar.js");
      return [ociTar({ dest: output.dest })];
    }
    case "docker": {
      if (output.tar === false) return [await layoutDirectory(output.dest, "docker")];
      const { dockerTar } = await import("../exporters/docker-tar.js");
      return [dockerTar({ dest: output.dest })];
    }
    case "local": {
      const { localDirectory } = await import("../exporters/local-dir.js");
      return [localDirectory({ dest: output.dest })];
    }
    case "tar": {
      const { rootfsTar } = await import("../exporters/rootfs-tar.js");
      return [rootfsTar({ dest: output.dest })];
    }
    case "image": {
      const { imageStore } = await import("../exporters/image-store.js");
      return [imageStore(session.store), ...(output.push ? [await pusher(session)] : [])];
    }
    case "registry":
      return [await pusher(session)];
    case "cacheonly":
      return [];
    default:
      return unreachable(output);
  }
}

async function layoutDirectory(dest: unknown, family: "oci" | "docker"): Promise<Exporter> {
  if (typeof dest !== "string") throw new TypeError("An output with tar: false needs a directory as dest");
  const { ociLayout } = await import("../exporters/oci-layout.js");
  return ociLayout({ dest, family });
}

async function pusher(session: Session): Promise<Exporter> {
  const { registryPush } = await import("../exporters/registry-push.js");
  return registryPush({ client: await session.registry() });
}
