import { familiarReference, formatReference, parseReference, tryParseReference, withDefaultTag } from "../reference.js";
import type { Descriptor } from "../types.js";

/** Annotations of an `index.json` entry that carry an image's name. */
export const IMAGE_NAME = "io.containerd.image.name";
export const REF_NAME = "org.opencontainers.image.ref.name";
export const CREATED = "org.opencontainers.image.created";

/**
 * Returns an `index.json` entry with its canonical `name`, as BuildKit and containerd write it: the
 * full name, and only the tag for OCI tools.
 */
export function namedEntry(descriptor: Descriptor, name: string): Descriptor {
  const reference = parseReference(name);
  const annotations = { ...descriptor.annotations, [IMAGE_NAME]: name, [REF_NAME]: reference.tag ?? reference.digest ?? name };
  return { ...descriptor, annotations: Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** Returns an `index.json` entry that only has a tag within its layout. */
export function taggedEntry(descriptor: Descriptor, tag: string): Descriptor {
  return { ...descriptor, annotations: { ...descriptor.annotations, [REF_NAME]: tag } };
}

/** Returns the tag of an entry in its layout, if the entry has no name. */
export function tagOfEntry(descriptor: Descriptor): string | undefined {
  return nameOfEntry(descriptor) === undefined ? descriptor.annotations?.[REF_NAME] : undefined;
}

/**
 * Returns the canonical name of an entry of `index.json`, if any. containerd's annotation is a full
 * name. OCI's is a full name when podman and skopeo write it, but only a tag when others do, which
 * names nothing by itself.
 */
export function nameOfEntry(descriptor: Descriptor): string | undefined {
  const full = descriptor.annotations?.[IMAGE_NAME];
  const text = full ?? descriptor.annotations?.[REF_NAME];
  if (text === undefined) return undefined;
  if (full === undefined && !/[/:]/.test(text)) return undefined;
  return canonicalName(text);
}

/**
 * Normalises a name as docker does: `foo:1` becomes `docker.io/library/foo:1`. Returns undefined
 * when the text is no name with a tag.
 */
export function canonicalName(text: string): string | undefined {
  const reference = tryParseReference(text);
  if (reference === undefined || reference.digest !== undefined) return undefined;
  return formatReference(withDefaultTag(reference));
}

/** Returns the name in `RepoTags` of a docker archive. */
export function repoTag(name: string): string {
  return familiarReference(parseReference(name));
}
