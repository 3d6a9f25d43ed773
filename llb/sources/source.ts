import { basename } from "node:path";
import type { Op, SourceOp } from "../ops.js";
import { type BlobSource, readBlob } from "./blob.js";
import { type GitSource, readGit } from "./git.js";
import { type HttpSource, readHttp } from "./http.js";
import { type ImageSource, LAYOUT_SCHEME, readImage } from "./image.js";
import { type LocalSource, readLocal } from "./local.js";

/** A source operation, read: each kind is a file of this folder. */
export type Source = LocalSource | ImageSource | HttpSource | GitSource | BlobSource;

/** Reads a source operation; undefined for a scheme that is not ours. */
export function readSource(op: SourceOp): Source | undefined {
  return readLocal(op) ?? readImage(op) ?? readHttp(op) ?? readGit(op) ?? readBlob(op);
}

/**
 * Returns an operation as others may see it, without what is the caller's own: the address with its
 * secrets, the place of a layout, the identity of a directory.
 */
export function publicSource(op: SourceOp): SourceOp {
  const { "git.fullurl": _url, "local.unique": _unique, ...attrs } = op.attrs;
  const image = readImage(op);
  const identifier = image?.layout ? `${LAYOUT_SCHEME}://${basename(image.ref)}` : op.identifier;
  return { kind: "source", identifier, attrs };
}

/** Returns the directory of the caller that an operation brings; undefined for any other. */
export function localOf(op: Op | undefined): LocalSource | undefined {
  return op?.kind === "source" ? readLocal(op) : undefined;
}

/** Returns the image that an operation brings; undefined for any other. */
export function imageOf(op: Op | undefined): ImageSource | undefined {
  return op?.kind === "source" ? readImage(op) : undefined;
}
