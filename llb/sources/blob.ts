import { type Digest, parseDigest } from "../../core/digest.js";
import type { SourceOp } from "../ops.js";

const PREFIX = "oci-layout+blob://";

/** A file whose bytes are a blob of the caller's store. */
export interface BlobSource {
  readonly kind: "blob";
  readonly digest: Digest;
  /** Name of the file in its tree. */
  readonly filename: string;
}

/** Returns the operation of a blob as a file: `oci-layout+blob://NAME@DIGEST`. */
export function blobSource(digest: Digest, filename: string): SourceOp {
  return { kind: "source", identifier: `${PREFIX}${filename}@${digest}`, attrs: { "blob.filename": filename } };
}

/** Reads an operation of {@link blobSource}; undefined for one of another scheme. */
export function readBlob({ identifier, attrs }: SourceOp): BlobSource | undefined {
  if (!identifier.startsWith(PREFIX)) return undefined;
  const digest = parseDigest(identifier.slice(identifier.lastIndexOf("@") + 1));
  return { kind: "blob", digest, filename: attrs["blob.filename"] ?? "blob" };
}
