import { layoutImageProblem } from "./errors.js";
import { posix } from "node:path";
import * as v from "valibot";
import type { Digest } from "../../core/digest.js";
import { layerMediaType, mediaTypes } from "../media-types.js";
import type { Descriptor, Manifest } from "../types.js";
import { check, parseImageConfig, parseJson } from "../validate.js";
import type { Compression } from "../media-types.js";
import type { BlobTarget } from "./complete.js";
import { canonicalName } from "./names.js";

/** A file of an archive that was put into the blob store. */
interface StoredFile {
  readonly digest: Digest;
  readonly size: number;
  /** Compression of a layer; undefined for a format that layers do not have. */
  readonly compression: Compression | undefined;
}

const schema = v.array(
  v.looseObject({
    Config: v.string(),
    RepoTags: v.nullish(v.array(v.string())),
    Layers: v.nullish(v.array(v.string())),
  }),
);

/** One image of `manifest.json`, with normalised names. */
interface DockerImage {
  readonly config: string;
  readonly names: readonly string[];
  readonly layers: readonly string[];
}

/**
 * Reads `manifest.json` of a docker archive. Leaves out tags that are no names (`<none>:<none>`).
 */
export function parseDockerManifest(data: Uint8Array): readonly DockerImage[] {
  const what = "manifest.json of the archive";
  return check(schema, parseJson(data, what), what).map((image) => ({
    config: image.Config,
    names: (image.RepoTags ?? []).flatMap((tag) => canonicalName(tag) ?? []),
    layers: image.Layers ?? [],
  }));
}

/** Files and links of an archive by name. Old archives share layers through links. */
export class ArchiveFiles {
  readonly files = new Map<string, StoredFile>();
  readonly #links = new Map<string, string>();

  /**
   * Adds a link with its `target` as stored: relative to the link's folder for symlinks, to the
   * root for hard links.
   */
  link(name: string, target: string, symbolic: boolean): void {
    this.#links.set(name, posix.normalize(symbolic ? posix.join(posix.dirname(name), target) : target));
  }

  get(name: string): StoredFile | undefined {
    let path = posix.normalize(name);
    for (let steps = 0; steps < 16; steps++) {
      const file = this.files.get(path);
      if (file !== undefined) return file;
      const next = this.#links.get(path);
      if (next === undefined) return undefined;
      path = next;
    }
    return undefined;
  }
}

/**
 * Makes an image of an entry of `manifest.json`. Keeps the bytes of the config, so the image id is
 * the same. Docker archives have no manifest, so this makes one with the unchanged layers, always
 * the same for the same archive.
 */
export function importDockerImage(image: DockerImage, files: ArchiveFiles, blobs: BlobTarget): Descriptor {
  const what = `image ${image.names[0] ?? image.config} of the archive`;
  const fail = (why: string): never => {
    throw layoutImageProblem(what, why);
  };
  const configFile = files.get(image.config) ?? fail(`its config "${image.config}" is missing`);
  const config = parseImageConfig(blobs.readSmall(configFile.digest), `config of ${what}`);
  const diffIds = config.rootfs.diff_ids;
  if (image.layers.length !== diffIds.length) fail(`it has ${image.layers.length} layers and its config ${diffIds.length}`);
  const layers = image.layers.map((path, index): Descriptor => {
    const file = files.get(path) ?? fail(`layer "${path}" is missing`);
    if (file.compression === undefined) fail(`layer "${path}" is compressed in a way that images do not have`);
    if (file.compression === "uncompressed" && file.digest !== diffIds[index]) {
      fail(`layer "${path}" has digest ${file.digest} instead of ${diffIds[index]}`);
    }
    return { mediaType: layerMediaType(file.compression ?? "uncompressed"), digest: file.digest, size: file.size };
  });
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: { mediaType: mediaTypes.ociConfig, digest: configFile.digest, size: configFile.size },
    layers,
  };
  return { mediaType: mediaTypes.ociManifest, ...blobs.writeSmall(JSON.stringify(manifest, null, 2)) };
}
