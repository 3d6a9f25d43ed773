import { badResult } from "../../solver/buildkit/errors.js";
import type { ContentPort } from "../../solver/buildkit/transfer/content.js";
import type { Store } from "../../cache/store.js";
import { type Digest, isDigest } from "../../core/digest.js";
import { TsbuildError } from "../../core/errors.js";
import { readImage } from "../../oci/image.js";
import type { Platform } from "../../oci/platform.js";
import type { Descriptor } from "../../oci/types.js";
import type { SourceImage } from "../../solver/ports.js";
import type { StepResult } from "../../solver/result.js";

/** Attribute of a result that has the descriptor of its image. */
const DESCRIPTOR = "containerimage.descriptor";

/** A layer of a base image, which need not come from the builder. */
type BaseLayer = SourceImage["layers"][number] & { readonly origin: string | undefined };

/** Returns the layers of base images by the digests of their blobs. */
export function baseLayers(images: Iterable<SourceImage>): ReadonlyMap<Digest, BaseLayer> {
  const layers = new Map<Digest, BaseLayer>();
  for (const { layers: own, origin } of images) for (const layer of own) layers.set(layer.blob.digest, { ...layer, origin });
  return layers;
}

/**
 * Returns the place where a builder puts its results: the store. Note that the builder sends
 * neither what the store has nor layers of base images, which whoever needs them fetches from their
 * registry.
 */
export function resultStore({ blobs }: Pick<Store, "blobs">, base: ReadonlyMap<Digest, BaseLayer>, signal: AbortSignal): ContentPort {
  return {
    // Nobody reads results.
    size: () => undefined,
    has: (digest) => base.has(digest) || blobs.has(digest),
    ingest: (source, expected) => blobs.ingest(source, expected, { signal }),
  };
}

/**
 * Reads the result of a solve, whose blobs the builder has put into the store, as a stack of
 * layers.
 */
export function resultOf(
  attributes: ReadonlyMap<string, string>,
  { platform, made: least }: { readonly platform: Platform; readonly made: number },
  { blobs, layers }: Pick<Store, "blobs" | "layers">,
  base: ReadonlyMap<Digest, BaseLayer>,
): StepResult {
  const target = parseDescriptor(Buffer.from(attributes.get(DESCRIPTOR) ?? "", "base64").toString("utf8"));
  if (!target) throw badResult("the builder does not say which image it made");
  let view: ReturnType<typeof readImage>;
  try {
    view = readImage(target, platform, blobs, "result of the builder");
  } catch (error) {
    throw badResult(error instanceof TsbuildError ? error.message : String(error), error);
  }
  const { manifest, config } = view;
  if (manifest.layers.length < least) throw badResult(`it has ${manifest.layers.length} layers, and the Dockerfile makes ${least}`);
  const made = (config.history ?? []).filter((entry) => !entry.empty_layer).map(({ created }) => created);
  const dates = made.length === manifest.layers.length ? made : [];
  const ids = manifest.layers.map((blob, index) => {
    const diffId = config.rootfs.diff_ids[index] as Digest;
    const known = base.get(blob.digest);
    if (!known && !blobs.has(blob.digest)) throw badResult(`it names the layer ${blob.digest}, which it did not send`);
    const created = Date.parse(dates[index] ?? "");
    const { mediaType, digest, size } = known?.blob ?? blob;
    return layers.addRemote({
      diffId,
      blob: { mediaType, digest, size },
      origin: known && !blobs.has(blob.digest) ? known.origin : undefined,
      ...(Number.isNaN(created) ? {} : { createdAt: created }),
    }).id;
  });
  return { kind: "layers", layers: ids };
}

/** Reads the descriptor of a blob in JSON; undefined for other text. */
export function parseDescriptor(text: string): Descriptor | undefined {
  try {
    const { mediaType, digest, size } = JSON.parse(text) as Partial<Descriptor>;
    const isOne = typeof mediaType === "string" && typeof digest === "string" && isDigest(digest) && typeof size === "number";
    return isOne ? { mediaType, digest, size } : undefined;
  } catch {
    return undefined;
  }
}
