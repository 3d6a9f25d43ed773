/** Media types of image parts, OCI's and Docker's. */
export const mediaTypes = {
  ociIndex: "application/vnd.oci.image.index.v1+json",
  ociManifest: "application/vnd.oci.image.manifest.v1+json",
  ociConfig: "application/vnd.oci.image.config.v1+json",
  ociLayer: "application/vnd.oci.image.layer.v1.tar",
  ociLayerGzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  ociLayerZstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  dockerList: "application/vnd.docker.distribution.manifest.list.v2+json",
  dockerManifest: "application/vnd.docker.distribution.manifest.v2+json",
  dockerConfig: "application/vnd.docker.container.image.v1+json",
  dockerLayer: "application/vnd.docker.image.rootfs.diff.tar",
  dockerLayerGzip: "application/vnd.docker.image.rootfs.diff.tar.gzip",
  dockerLayerZstd: "application/vnd.docker.image.rootfs.diff.tar.zstd",
} as const;

/** Values of `Accept` for a request for a manifest or index. */
export const manifestMediaTypes: readonly string[] = [
  mediaTypes.ociManifest,
  mediaTypes.ociIndex,
  mediaTypes.dockerManifest,
  mediaTypes.dockerList,
];

export function isIndexType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerList;
}

export function isManifestType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociManifest || mediaType === mediaTypes.dockerManifest;
}

export function isConfigType(mediaType: string): boolean {
  return mediaType === mediaTypes.ociConfig || mediaType === mediaTypes.dockerConfig;
}

/**
 * Returns true for layers that registries must not be asked to keep (Windows bases): the
 * non-distributable form of each layer type.
 */
export function isForeignLayerType(mediaType: string): boolean {
  return mediaType.includes(".nondistributable.") || mediaType.includes(".foreign.");
}

/** Returns true when the bytes are a layer: a tar, compressed or not. */
export function isLayerType(mediaType: string): boolean {
  return layerCompression(mediaType) !== undefined;
}

/**
 * Returns the compression of a layer blob by its media type. Returns undefined for an unknown layer
 * type.
 */
export function layerCompression(mediaType: string): Compression | undefined {
  if (/^application\/vnd\.docker\.image\.rootfs\.(foreign\.)?diff\.tar/.test(mediaType)) {
    const form = mediaType.slice(mediaType.indexOf(".tar") + ".tar".length);
    return form === "" ? "uncompressed" : form === ".gzip" ? "gzip" : form === ".zstd" ? "zstd" : undefined;
  }
  if (/^application\/vnd\.oci\.image\.layer\.(nondistributable\.)?v1\.tar/.test(mediaType)) {
    const form = mediaType.slice(mediaType.indexOf(".tar") + ".tar".length);
    return form === "" ? "uncompressed" : form === "+gzip" ? "gzip" : form === "+zstd" ? "zstd" : undefined;
  }
  return undefined;
}

/** Returns the media type of a layer with this compression. */
export function layerMediaType(compression: Compression, family: "oci" | "docker" = "oci"): string {
  switch (compression) {
    case "gzip":
      return family === "oci" ? mediaTypes.ociLayerGzip : mediaTypes.dockerLayerGzip;
    case "zstd":
      return family === "oci" ? mediaTypes.ociLayerZstd : mediaTypes.dockerLayerZstd;
    case "uncompressed":
      return family === "oci" ? mediaTypes.ociLayer : mediaTypes.dockerLayer;
  }
}

/**
 * Returns the layer type of the other family with the same compression. Returns other types
 * unchanged.
 */
export function convertLayerType(mediaType: string, family: "oci" | "docker"): string {
  const compression = layerCompression(mediaType);
  if (compression === undefined || isForeignLayerType(mediaType)) return mediaType;
  return layerMediaType(compression, family);
}

export type Compression = "gzip" | "zstd" | "uncompressed";
