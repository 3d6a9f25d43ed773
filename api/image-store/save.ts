import { nothingToSave } from "./errors.js";
import type { Writable } from "node:stream";
import type { Store } from "../../cache/store.js";
import type { Digest } from "../../core/digest.js";
import type { EventSink } from "../../core/events.js";
import { manifestBlobs, readTree } from "../../oci/image.js";
import { withSink } from "../../oci/layout/byte-sink.js";
import { namedEntry, repoTag } from "../../oci/layout/names.js";
import { type DockerManifestEntry, type LayoutBlob, writeLayoutArchive } from "../../oci/layout/write.js";
import { isForeignLayerType } from "../../oci/media-types.js";
import { tryParseReference } from "../../oci/reference.js";
import type { Descriptor } from "../../oci/types.js";
import type { PlatformChoice } from "../options/options.js";
import { runAsStep } from "../record/build-steps.js";
import { onlyPlatform, readStored } from "./describe.js";
import { findImage, type Match, tagsOf } from "./lookup.js";

/**
 * Writes images as one tar that is an OCI layout and a docker archive. Manifests and configs are
 * written as they are stored, so ids and digests stay. An image named by its id is written without
 * names, and a repository without a tag with all its tags, as with docker.
 */
export async function saveImages(
  refs: readonly string[],
  dest: string | Writable,
  store: Store,
  options: PlatformChoice & { readonly signal?: AbortSignal; readonly onEvent?: EventSink },
): Promise<void> {
  const { signal, platform, onEvent = () => undefined } = options;
  if (refs.length === 0) throw nothingToSave();
  const found = refs.flatMap((ref) => matchesOf(ref, store));
  const images = collect(platform === undefined ? found : found.map((image) => onlyPlatform(image, store, platform)));
  const entries: Descriptor[] = [];
  const docker: DockerManifestEntry[] = [];
  const blobs = new Map<Digest, LayoutBlob>();
  for (const image of images) {
    const { complete, view } = readStored(image, store);
    entries.push(...(image.names.length === 0 ? [image.target] : image.names.map((name) => namedEntry(image.target, name))));
    docker.push({
      config: view.manifest.config.digest,
      repoTags: image.names.map(repoTag),
      layers: view.manifest.layers.map((layer) => layer.digest),
    });
    const { indexes } = readTree(image.target, store.blobs, "an image");
    // Incomplete platforms of an index are left out; the index still names them, as with docker.
    const wanted = [
      ...indexes.map(({ descriptor }) => descriptor),
      ...complete.images.flatMap(({ descriptor, manifest }) => [descriptor, ...manifestBlobs(manifest)]),
    ];
    for (const { digest, size, mediaType } of wanted) {
      if (isForeignLayerType(mediaType) && !store.blobs.has(digest)) continue;
      blobs.set(digest, { digest, size, content: () => store.blobs.open(digest) });
    }
  }
  // A concurrent removal must not delete blobs that are being written.
  const lease = store.leases.hold("blob", [...blobs.keys()]);
  try {
    await runAsStep({ kind: "export", text: `saving ${refs.join(", ")}` }, onEvent, ({ progress }) => {
      const onWait = (what: string): void => progress(what, 0, undefined, false, true);
      return withSink(dest, { signal, onWait }, (sink) =>
        writeLayoutArchive({ entries, blobs: [...blobs.values()], docker }, sink, { signal }),
      );
    });
  } finally {
    lease.release();
  }
}

function matchesOf(ref: string, store: Store): readonly Match[] {
  const reference = tryParseReference(ref);
  const tags = reference?.tag === undefined && reference?.digest === undefined ? tagsOf(reference, store.images.list()) : [];
  return tags.length > 0 ? tags.map((name) => findImage(name, store)) : [findImage(ref, store)];
}

/** Returns each image once, with the requested names, in order. */
function collect(matches: readonly Match[]): readonly Match[] {
  const images = new Map<Digest, Match & { readonly names: readonly string[] }>();
  for (const match of matches) {
    const known = images.get(match.target.digest);
    const names = [...(known?.names ?? []), ...(match.name === undefined ? [] : [match.name])];
    images.set(match.target.digest, { ...match, names: [...new Set(names)] });
  }
  return [...images.values()];
}
