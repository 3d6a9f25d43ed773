import { TsbuildError } from "../core/errors.js";
import { formatPlatform, normalizePlatform, type Platform } from "../oci/platform.js";
import { systemReason } from "../core/system/system-reason.js";

/**
 * Returns the error for a docker archive of several platforms. An exporter, and the check of the
 * outputs before a build, end with it.
 */

export function severalPlatforms(count: number): TsbuildError {
  return new TsbuildError("export/several-platforms", `Cannot export ${count} platforms with type=docker: a docker archive holds one`, {
    hint: "Use type=oci, or build one platform",
  });
}

export function noName(): TsbuildError {
  return new TsbuildError("export/no-name", "Cannot push the image: it has no name", { hint: "Name it with -t REGISTRY/NAME:TAG" });
}

export function noIndex(key: string): TsbuildError {
  return new TsbuildError("export/no-index", `Cannot add the annotation "${key}" to the index: an image for a single platform has none`, {
    hint: `Use --annotation manifest:${key}=VALUE, or build for several platforms`,
  });
}

export function platformNotBuilt(key: string, platform: Platform, platforms: readonly Platform[]): TsbuildError {
  return new TsbuildError("options/annotation", `Cannot add the annotation "${key}" to ${formatPlatform(platform)}: it is not built`, {
    hint: `Built are ${platforms.map((built) => formatPlatform(normalizePlatform(built))).join(", ")}`,
  });
}

export function badAnnotation(text: string, why: string): TsbuildError {
  return new TsbuildError("options/annotation", `Cannot read the annotation "${text}": ${why}`, {
    hint: "For example KEY=VALUE, index:KEY=VALUE, manifest[linux/arm64]:KEY=VALUE or index,manifest:KEY=VALUE",
  });
}

export function layerDamaged(layer: { readonly blob: { readonly digest: string }; readonly diffId: string }): TsbuildError {
  return new TsbuildError(
    "store/blob-corrupt",
    `Cannot export the image: layer ${layer.blob.digest} does not hold what its diffID ${layer.diffId} says`,
    {
      hint: "The store is damaged; remove the layer with tsbuild prune and build again",
    },
  );
}

export function filesNotWritten(options: { readonly dest: string }, cause: unknown): TsbuildError {
  return new TsbuildError("export/write-failed", `Cannot export files to "${options.dest}": ${systemReason(cause)}`, { cause });
}

export function sameName(dest: string, name: string, cause: unknown): TsbuildError {
  return new TsbuildError(
    "export/name-collision",
    `Cannot export files to "${dest}": on this file system "${name}" is the same as another name of the image`,
    {
      cause,
      hint: "Choose a directory on a file system that distinguishes upper and lower case, or write an archive with -o type=tar",
    },
  );
}

export function layerNotStored(blob: { readonly digest: string }): TsbuildError {
  return new TsbuildError("export/layer-missing", `Cannot export the image: layer ${blob.digest} is not in the store`, {
    hint: "Build again; something removed it in the meantime",
  });
}

export function platformConflict(path: string, second: Platform, first: Platform): TsbuildError {
  return new TsbuildError(
    "export/platform-conflict",
    `Cannot export "/${path}" of ${formatPlatform(second)}: ${formatPlatform(first)} has it too, and platform-split=false puts all into one place`,
    { hint: "Leave out platform-split=false: then each platform has a folder of its own" },
  );
}

export function exportedPathTooLong(dest: string, name: string, found: string, cause: unknown): TsbuildError {
  return new TsbuildError(
    "export/path-too-long",
    `Cannot export files to "${dest}": the path of the file${name} in it would be too long for this system${found}`,
    { cause, hint: "Choose a directory with a shorter path (at most 4,095 bytes with what the image has in it), or type=tar" },
  );
}

export function attestationInTheWay(name: string): TsbuildError {
  return new TsbuildError("export/name-collision", `Cannot export the attestation "${name}": the image has that path`, {
    hint: "Add attestation-prefix=PREFIX to the output",
  });
}

export function noAttestations(): TsbuildError {
  return new TsbuildError(
    "export/no-index",
    "Cannot export attestations with type=docker: they need an index, which a docker archive has not",
    {
      hint: "Use type=oci, or build without attestations",
    },
  );
}
