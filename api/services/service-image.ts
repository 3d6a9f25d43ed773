import type { Store } from "../../cache/store.js";
import type { FrontendPorts } from "../../frontend/frontend.js";
import { formatPlatform, hostPlatform } from "../../oci/platform.js";
import type { LayerService } from "../../solver/layers/layer-service.js";
import type { ImageRoot } from "../commands/image-root.js";
import type { ResolvedService } from "../options/services/resolve-services.js";
import type { BuildContexts } from "../sources/build-contexts.js";
import type { ImageResolver } from "../sources/image-resolver.js";
import { serviceImageKind } from "./errors.js";

interface ImagePlace {
  readonly contexts: Pick<BuildContexts, "named">;
  readonly resolveImage: FrontendPorts["resolveImage"];
  readonly resolver: Pick<ImageResolver, "source">;
  readonly store: Pick<Store, "layers">;
  readonly layers: LayerService;
}

/** Finds the image of a service as FROM finds its own, for this machine's platform. */
export async function serviceImage(
  { name, image }: ResolvedService,
  { contexts, resolveImage, resolver, store, layers }: ImagePlace,
): Promise<ImageRoot> {
  const platform = hostPlatform();
  const named = contexts.named(image, platform);
  if (named && named.kind !== "image" && named.kind !== "oci-layout")
    throw serviceImageKind(name, image, named.kind === "target" ? "target" : "directory");
  const found = await resolveImage(named?.ref ?? image, { platform, ...(named?.kind === "oci-layout" && { layout: true }) });
  const source = await resolver.source(found.op, formatPlatform(platform), platform);
  const stack = source.layers.map((layer) => store.layers.addRemote({ ...layer, origin: source.origin }).id);
  return { name: image, config: found.config.config ?? {}, platform: found.platform, stack, layers };
}
