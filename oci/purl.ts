import { familiarRepository, parseReference, withDefaultTag } from "./reference.js";

/** Returns the package URL of an image: `pkg:docker/alpine@3?platform=linux%2Famd64`. */
export function imagePurl(name: string, platform: string): string {
  const reference = parseReference(name);
  // A tag says which image is meant; without one the digest does.
  const pinned = reference.tag === undefined && reference.digest !== undefined;
  const { tag, digest } = pinned ? reference : withDefaultTag(reference);
  const version = tag === undefined ? "" : `@${encodeURIComponent(tag)}`;
  const qualifiers = [...(pinned ? [`digest=${digest}`] : []), `platform=${encodeURIComponent(platform)}`];
  return `pkg:docker/${familiarRepository(reference)}${version}?${qualifiers.join("&")}`;
}
