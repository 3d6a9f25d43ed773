import { TsbuildError } from "../core/errors.js";

export function noImageForPlatform(what: string, platform: string, list: readonly string[]): TsbuildError {
  return new TsbuildError(
    "image/no-platform",
    `Cannot use ${what} for ${platform}: ${list.length === 0 ? "its index has no images" : `it has only ${list.join(", ")}`}`,
    list.length === 0 ? {} : { hint: `Choose another image, or build with --platform ${list[0]}` },
  );
}

export function indexNested(what: string): TsbuildError {
  return new TsbuildError("image/invalid", `Cannot use ${what}: its index is nested too deep`);
}

export function layersDiffer(
  what: string,
  manifest: { readonly layers: readonly unknown[] },
  config: { readonly rootfs: { readonly diff_ids: readonly unknown[] } },
): TsbuildError {
  return new TsbuildError(
    "image/invalid",
    `Cannot use ${what}: its manifest has ${manifest.layers.length} layers and its config ${config.rootfs.diff_ids.length}`,
  );
}

export function indexTooDeep(what: string): TsbuildError {
  return new TsbuildError("image/invalid", `Cannot use ${what}: its index is nested too deep`);
}

export function badPlatform(text: string, why: string, hint: string | undefined): TsbuildError {
  return new TsbuildError("platform/invalid", `Cannot use "${text}" as a platform: ${why}`, {
    hint: hint ?? "A platform is os/architecture[/variant], for example linux/amd64 or linux/arm/v7",
  });
}

export function badReference(text: string, why: string, hint: string | undefined): TsbuildError {
  return new TsbuildError("reference/invalid", `Cannot use "${text}" as an image reference: ${why}`, {
    hint: hint ?? "A reference is [registry[:port]/]name[:tag][@sha256:digest], for example docker.io/library/alpine:3.20",
  });
}

export function badRegistry(text: string): TsbuildError {
  return new TsbuildError("reference/invalid", `Cannot use "${text}" as a registry: it is not a host name`, {
    hint: "A registry is host[:port], for example ghcr.io or localhost:5000",
  });
}

export function schema1(what: string): TsbuildError {
  return new TsbuildError("image/schema1", `Cannot use the ${what}: it is in Docker's schema 1 format, which is no longer supported`, {
    hint: "Push the image again with a current tool",
  });
}

export function manifestAndIndex(what: string): TsbuildError {
  return new TsbuildError("image/invalid", `Cannot use the ${what}: it is both a manifest and an index`);
}

export function noJsonDocument(what: string, start: string, error: unknown): TsbuildError {
  return new TsbuildError("image/invalid", `Cannot read the ${what}: it is not JSON (it starts with "${start}")`, { cause: error });
}

export function deepDocument(what: string, limit: number): TsbuildError {
  return new TsbuildError("image/invalid", `Cannot read the ${what}: it nests more than ${limit} levels`);
}

export function badDocument(what: string, problems: readonly string[]): TsbuildError {
  return new TsbuildError("image/invalid", `Cannot use the ${what}: ${problems.join("; ")}`);
}

export function nameWithDigest(text: string, instead: string): TsbuildError {
  return new TsbuildError("reference/invalid", `Cannot name an image "${text}": a name cannot have a digest`, {
    hint: `Use ${instead}`,
  });
}
