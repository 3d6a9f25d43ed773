import { type Digest, isDigest } from "../../core/digest.js";
import type { SourceOp } from "../ops.js";

/** Scheme of an image of a registry or of the local store; also of contexts in a user's words. */
export const IMAGE_SCHEME = "docker-image";
/** Scheme of an image of a layout directory; also of contexts in a user's words. */
export const LAYOUT_SCHEME = "oci-layout";

/** An image. */
export interface ImageSource {
  readonly kind: "image";
  /** True for an image of a layout directory, false for one of a registry or of the local store. */
  readonly layout: boolean;
  /** Reference as written, its digest included. */
  readonly ref: string;
  /** Digest that the reference is pinned to. */
  readonly digest: Digest | undefined;
}

/** Returns the operation of an image: `docker-image://REF@DIGEST` or `oci-layout://DIR@DIGEST`. */
export function imageSource({
  layout,
  ref,
  digest,
}: {
  readonly layout: boolean;
  readonly ref: string;
  readonly digest: Digest;
}): SourceOp {
  const pinned = ref.includes("@") ? ref : `${ref}@${digest}`;
  return { kind: "source", identifier: `${layout ? LAYOUT_SCHEME : IMAGE_SCHEME}://${pinned}`, attrs: {} };
}

/** Reads an operation of {@link imageSource}; undefined for one of another scheme. */
export function readImage({ identifier }: SourceOp): ImageSource | undefined {
  return readImageAddress(identifier);
}

/** Reads the identifier of an image; undefined for one of another scheme. */
export function readImageAddress(identifier: string): ImageSource | undefined {
  const [, scheme, ref] = /^([a-z-]+):\/\/(.*)$/s.exec(identifier) ?? [];
  if (ref === undefined || (scheme !== IMAGE_SCHEME && scheme !== LAYOUT_SCHEME)) return undefined;
  const digest = ref.slice(ref.lastIndexOf("@") + 1);
  return { kind: "image", layout: scheme === LAYOUT_SCHEME, ref, digest: isDigest(digest) ? digest : undefined };
}
