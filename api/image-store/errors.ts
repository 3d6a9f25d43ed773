import { familiarReference, parseReference } from "../../oci/reference.js";
import { TsbuildError, UsageError } from "../../core/errors.js";

export function severalNames(ref: string, match: { readonly names: readonly string[] }): TsbuildError {
  return new TsbuildError("images/several-names", `Cannot remove the image "${ref}": it has ${match.names.length} names`, {
    hint: `Remove them one by one (${match.names.map((name) => familiarReference(parseReference(name))).join(", ")}), or use --force`,
  });
}

export function noArchive(source: string): TsbuildError {
  return new TsbuildError("images/no-such-file", `Cannot load "${source}": there is no such file`);
}

export function emptyLayout(source: string): TsbuildError {
  return new TsbuildError("images/not-an-archive", `Cannot load "${source}": the OCI layout holds no images`);
}

export function ambiguousImage(text: string, found: readonly { readonly target: { readonly digest: string } }[]): TsbuildError {
  return new TsbuildError("images/ambiguous", `Cannot tell which image "${text}" means: ${found.length} have such an id`, {
    hint: `Write more of it: ${found.map((image) => image.target.digest.slice("sha256:".length, "sha256:".length + 16)).join(", ")}`,
  });
}

export function noSuchImage(text: string, near: string | undefined): TsbuildError {
  return new TsbuildError("images/not-found", `Cannot find the image "${text}" in the local store`, {
    hint: near ?? "tsbuild images lists what is there",
  });
}

export function tagBesideAllTags(text: string, reference: { readonly registry: string; readonly repository: string }): TsbuildError {
  return new TsbuildError("images/all-tags", `Cannot use "${text}" for all tags: it names one`, {
    hint: `Leave out "${text.slice(familiarReference({ registry: reference.registry, repository: reference.repository }).length)}"`,
  });
}

export function noTags(repository: string): TsbuildError {
  return new TsbuildError("images/no-tags", `Cannot pull all tags of ${repository}: it has none`);
}

export function pushWithoutName(ref: string, target: { readonly digest: string }): TsbuildError {
  return new TsbuildError("images/push-needs-name", `Cannot push "${ref}": only a name says where to`, {
    hint: `Give it one: tsbuild tag ${target.digest.slice("sha256:".length, "sha256:".length + 12)} REGISTRY/NAME:TAG`,
  });
}

export function noSuchRepository(ref: string): TsbuildError {
  return new TsbuildError("images/not-found", `Cannot find an image of the repository "${ref}" in the local store`, {
    hint: "tsbuild images lists what is there",
  });
}

export function noUserName(registry: string): TsbuildError {
  return new TsbuildError("registry/no-credentials", `Cannot log in to ${registry}: no user name was given, and none is kept for it`);
}

export function nothingToSave(): TsbuildError {
  return new TsbuildError("images/nothing-to-save", "Cannot save: no image was named", { hint: "Name at least one" });
}

export function pulledIndexTooDeep(what: string): TsbuildError {
  return new TsbuildError("image/invalid", `Cannot use ${what}: its index is nested too deep`);
}

export function notAnImage(what: string, mediaType: string): TsbuildError {
  return new TsbuildError("image/not-an-image", `Cannot pull ${what}: it is no image but ${mediaType}`);
}

export function otherPlatform(what: string, asked: string, found: string): TsbuildError {
  return new TsbuildError("image/no-platform", `Cannot use ${what} for ${asked}: it is for ${found}`, {
    hint: "Leave out --platform to pull it as it is",
  });
}

export function partMissing(what: string, absent: string | undefined): TsbuildError {
  return new TsbuildError("image/incomplete", `Cannot push ${what}: ${absent} is missing here`, {
    hint: "Pull it again with --platform all, or build it again",
  });
}

export function documentTooLarge(what: string, limit: number): TsbuildError {
  return new TsbuildError("image/invalid", `Cannot read ${what}: it is larger than ${limit} bytes`);
}

export function nestedIndex(what: string): TsbuildError {
  return new TsbuildError("image/invalid", `Cannot combine ${what}: its index holds another index`);
}

export function noSuchPlatforms(asked: readonly string[], there: readonly string[]): TsbuildError {
  return new TsbuildError("image/no-platform", `Cannot keep ${asked.join(", ")}: the images are for ${there.join(", ") || "no platform"}`);
}

export function sourceWithoutRepository(digest: string): UsageError {
  return new UsageError("options/invalid", `Cannot find ${digest}: a digest alone is one in the repository of the first name`, {
    hint: "give a name for the result, or write REPOSITORY@DIGEST",
  });
}
