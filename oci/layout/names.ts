import { familiarReference, formatReference, parseReference, tryParseReference, withDefaultTag } from "../reference.js";
import type { Descriptor } from "../types.js";

/** Annotations of an `index.json` entry that carry an image's name. */
export const IMAGE_NAME = "io.containerd.image.name";
export const REF_NAME = "org.opencontainers.image.ref.name";
export const CREATED = "org.opencontainers.image.created";

/** An `index.json` entry that says its canonical `name`, as BuildKit and containerd write it: the full name, and only the tag for OCI tools. */
export function namedEntry(descriptor: Descriptor, name: string): Descriptor {
  const reference = parseReference(name);
  const annotations = { ...descriptor.annotations, [IMAGE_NAME]: name, [REF_NAME]: reference.tag ?? reference.digest ?? name };
  return { ...descriptor, annotations: Object.fromEntries(Object.entries(annotations).sort(([a], [b]) => (a < b ? -1 : 1))) };
}

/** An `index.json` entry that only has a tag within its layout. */
export function taggedEntry(descriptor: Descriptor, tag: string): Descriptor {
  return { ...descriptor, annotations: { ...descriptor.annotations, [REF_NAME]: tag } };
}

/** The tag by which alone an entry is found in its layout, if it has no name. */
export function tagOfEntry(descriptor: Descriptor): string | undefined {
  return nameOfEntry(descriptor) === undefined ? descriptor.annotations?.[REF_NAME] : undefined;
}

/**
 * The canonical name that an entry of `index.json` carries, if any. containerd's annotation is a full name; OCI's is one as well when podman and
 * skopeo write it, but only a tag when others do, which names nothing by itself.
 */
export function nameOfEntry(descriptor: Descriptor): string | undefined {
  const full = descriptor.annotations?.[IMAGE_NAME];
  const text = full ?? descriptor.annotations?.[REF_NAME];
  if (text === undefined) return undefined;
  if (full === undefined && !/[/:]/.test(text)) return undefined;
  return canonicalName(text);
}

/** A name as docker normalises it: `foo:1` is `docker.io/library/foo:1`. Undefined when the text is no name with a tag. */
export function canonicalName(text: string): string | undefined {
  const reference = tryParseReference(text);
  if (reference === undefined || reference.digest !== undefined) return undefined;
  return formatReference(withDefaultTag(reference));
}

/** The name in `RepoTags` of a docker archive. */
export function repoTag(name: string): string {
  return familiarReference(parseReference(name));
}
