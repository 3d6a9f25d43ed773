import { TsbuildError } from "../../core/errors.js";
import { systemReason } from "../../core/system/system-reason.js";

export function noSuchArchive(path: string, cause: unknown): TsbuildError {
  return new TsbuildError("images/no-such-file", `Cannot load "${path}": there is no such file`, { cause });
}

export function archiveUnreadable(path: string, cause: unknown): TsbuildError {
  return new TsbuildError("images/unreadable", `Cannot load "${path}": ${systemReason(cause)}`, { cause });
}

export function badCompression(why: string, cause: unknown): TsbuildError {
  return new TsbuildError("images/corrupt-archive", `Cannot decompress the archive: ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "The archive is damaged or incomplete",
  });
}

export function archiveNotWritten(what: string, reason: unknown, cause: unknown): TsbuildError {
  return new TsbuildError("export/write-failed", `Cannot write ${what}: ${reason}`, { cause });
}

export function partOfOtherSize(what: string, digest: string, found: unknown, size: number): TsbuildError {
  return new TsbuildError("image/invalid", `Cannot use ${what}: ${digest} has ${found} bytes, and its manifest says ${size}`, {
    hint: "Save or pull the image again",
  });
}

export function archivePartProblem(what: string, why: string): TsbuildError {
  return new TsbuildError("image/incomplete", `Cannot use ${what}: ${why}`, { hint: "Save or pull the image again" });
}

export function noLayout(directory: string, why: string, cause: unknown): TsbuildError {
  return new TsbuildError("layout/not-found", `Cannot use "${directory}" as an OCI layout: ${why}`, {
    cause,
    hint: "Make one with tsbuild -o type=oci,tar=false,dest=DIR, or unpack an OCI archive with tar",
  });
}

export function blobUnreadable(digest: string, directory: string): TsbuildError {
  return new TsbuildError("layout/blob-missing", `Cannot read ${digest} from the OCI layout "${directory}": it is not there`);
}

export function blobOfOtherSize(digest: string, size: number, directory: string): TsbuildError {
  return new TsbuildError("layout/blob-corrupt", `Cannot read ${digest} from the OCI layout "${directory}": it is ${size} bytes long`);
}

export function blobMissing(target: { readonly digest: string }, directory: string): TsbuildError {
  return new TsbuildError("layout/blob-missing", `Cannot read ${target.digest} from the OCI layout "${directory}": it is not there`);
}

export function blobOfOtherDigest(digest: string, directory: string): TsbuildError {
  return new TsbuildError("layout/blob-corrupt", `Cannot use ${digest} from the OCI layout "${directory}": its bytes have another digest`, {
    hint: "The layout is damaged; make it again",
  });
}

export function layoutImageProblem(what: string, why: string): TsbuildError {
  return new TsbuildError("image/incomplete", `Cannot use ${what}: ${why}`, { hint: "Save the image again" });
}

export function badLayoutDigest(text: string, digest: string): TsbuildError {
  return new TsbuildError("layout/invalid-reference", `Cannot use "${text}" as an OCI layout: "${digest}" is not a digest`, {
    hint: "Write oci-layout://DIRECTORY, oci-layout://DIRECTORY:TAG or oci-layout://DIRECTORY@sha256:…",
  });
}

export function noImageInLayout(directory: string, why: string, tags: readonly string[]): TsbuildError {
  return new TsbuildError("layout/no-image", `Cannot find an image in the OCI layout "${directory}": ${why}`, {
    hint: tags.length === 0 ? "Name one by its digest: DIRECTORY@sha256:…" : `It has the tags ${tags.join(", ")}`,
  });
}

export function archiveDamaged(name: string, entry: { readonly size: number }): TsbuildError {
  return new TsbuildError("image/invalid", `Cannot read the archive: its ${name} is ${entry.size} bytes long`);
}

export function archiveOfOtherDigest(name: string, cause: unknown): TsbuildError {
  return new TsbuildError("image/corrupt", `Cannot read the archive: the bytes of "${name}" do not have that digest`, {
    cause,
    hint: "Save the image again",
  });
}

export function badArchive(found: unknown): TsbuildError {
  return new TsbuildError("images/not-an-archive", `Cannot load the archive: ${found}`, {
    hint: "Make it with tsbuild save, docker save, podman save, or skopeo copy to docker-archive: or oci-archive:",
  });
}

export function layoutNotWritten(directory: string, error: unknown): TsbuildError {
  return new TsbuildError("export/write-failed", `Cannot write the OCI layout "${directory}": ${systemReason(error)}`, {
    cause: error,
  });
}

export function layoutUnwritable(directory: string, error: unknown): TsbuildError {
  return new TsbuildError("export/write-failed", `Cannot write the OCI layout "${directory}": ${systemReason(error)}`, {
    cause: error,
  });
}

export function layoutHoldsFiles(directory: string): TsbuildError {
  return new TsbuildError("export/not-a-layout", `Cannot write the OCI layout "${directory}": the directory holds other files`, {
    hint: "Give an empty or new directory, or one that is an OCI layout already",
  });
}
