import { unreachable } from "../../core/errors.js";
import { parseCacheOrigin } from "../../cache/remote/origin.js";
import type { Exporter } from "../../exporters/exporter.js";
import { parseReference } from "../../oci/reference.js";
import type { Output } from "../options/options.js";
import { type BlobForm, isImage, pushes, type ResolvedOutput, stores } from "../options/resolve-outputs.js";
import type { Session } from "../session/session.js";

/**
 * Whether a layer that is elsewhere, at `origin`, may stay there: when no output holds layers, or when all that do push to the registry that it came
 * from, which can take it over from one repository into another.
 */
export function mayStay(outputs: readonly ResolvedOutput[]): (origin: string) => boolean {
  const holding = outputs.filter(({ output }) => output.type !== "cacheonly");
  if (holding.length === 0) return () => true;
  const registries = new Set<string>();
  for (const { output, names } of holding) {
    if (!pushes(output) || stores(output)) return () => false;
    for (const name of names) registries.add(parseReference(name).registry);
  }
  return (origin) => !parseCacheOrigin(origin) && [...registries].every((registry) => registry === parseReference(origin).registry);
}

/**
 * The forms of layers that the outputs ask for, each once. The first is the one that a build compresses its layers to while it runs: gzip for images unless
 * they say otherwise, none where only the files are wanted.
 */
export function blobForms(outputs: readonly ResolvedOutput[]): readonly [BlobForm, ...BlobForm[]] {
  const forms = outputs.flatMap(({ output, form }) =>
    form === undefined ? [] : [{ form, explicit: isImage(output) && saysForm(output) }],
  );
  const ordered = [...forms.filter(({ explicit }) => explicit), ...forms.filter(({ explicit }) => !explicit)];
  const [first, ...others] = new Map(ordered.map(({ form }) => [formKey(form), form])).values();
  return [first ?? { compression: { type: "uncompressed" }, force: false }, ...others];
}

export function formKey({ compression, force }: BlobForm): string {
  return `${compression.type} ${compression.level ?? ""} ${force}`;
}

function saysForm({ compression, compressionLevel }: Extract<Output, { type: "oci" | "docker" | "image" | "registry" }>): boolean {
  return compression !== undefined || compressionLevel !== undefined;
}

/** The exporters for an output, in the order they run. Their code is loaded when it is used. */
export async function exportersFor(output: Output, session: Session, names: readonly string[]): Promise<readonly Exporter[]> {
  switch (output.type) {
    case "oci": {
      if (output.tar === false) return [await layoutDirectory(output.dest, "oci")];
      const { ociTar } = await import("../../exporters/oci-tar.js");
      return [ociTar({ dest: output.dest })];
    }
    case "docker": {
      if (output.tar === false) return [await layoutDirectory(output.dest, "docker")];
      const { dockerTar } = await import("../../exporters/docker-tar.js");
      return [dockerTar({ dest: output.dest })];
    }
    case "local": {
      const { localDirectory } = await import("../../exporters/local-dir.js");
      return [localDirectory(output)];
    }
    case "tar": {
      const { rootfsTar } = await import("../../exporters/rootfs-tar.js");
      return [rootfsTar(output)];
    }
    case "image":
    case "registry": {
      const { imageStore } = await import("../../exporters/image-store.js");
      const kept = stores(output) || !pushes(output);
      return [
        ...(kept ? [imageStore(stores(output) ? session.store : undefined)] : []),
        ...(pushes(output) ? [await pusher(output, session, names)] : []),
      ];
    }
    case "cacheonly":
      return [];
    default:
      return unreachable(output);
  }
}

async function layoutDirectory(dest: unknown, family: "oci" | "docker"): Promise<Exporter> {
  if (typeof dest !== "string") throw new TypeError("An output with tar: false needs a directory as dest");
  const { ociLayout } = await import("../../exporters/oci-layout.js");
  return ociLayout({ dest, family });
}

async function pusher(
  output: Extract<Output, { type: "image" | "registry" }>,
  session: Session,
  names: readonly string[],
): Promise<Exporter> {
  const { registryPush } = await import("../../exporters/registry-push.js");
  if (output.insecure !== true) return registryPush({ client: await session.registry() });
  const hosts = [...names, ...(output.danglingNamePrefix === undefined ? [] : [output.danglingNamePrefix])];
  return registryPush({ client: await session.insecureRegistry([...new Set(hosts.map((name) => parseReference(name).registry))]) });
}
