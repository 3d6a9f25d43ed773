import { noImageInLayout, badLayoutDigest } from "./errors.js";
import { type Digest, isDigest } from "../../core/digest.js";
import type { Descriptor } from "../types.js";
import { manifestTypeOf, parseManifestOrIndex } from "../validate.js";
import { type BlobTarget, requireComplete } from "./complete.js";
import { LayoutDirectory } from "./directory.js";
import { nameOfEntry, REF_NAME } from "./names.js";

/** A parsed `oci-layout://…` address, without the scheme. */
interface LayoutReference {
  readonly directory: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/**
 * Reads `DIR[:TAG][@DIGEST]`. A colon in a directory's name must be followed by a slash somewhere.
 */
export function parseLayoutReference(text: string): LayoutReference {
  const at = text.lastIndexOf("@sha256:");
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    throw badLayoutDigest(text, digest);
  }
  const path = at < 0 ? text : text.slice(0, at);
  const tag = /^(.+):([A-Za-z0-9_][A-Za-z0-9_.-]{0,127})$/s.exec(path);
  return {
    directory: tag?.[1] ?? path,
    ...(tag?.[2] === undefined ? {} : { tag: tag[2] }),
    ...(digest === undefined ? {} : { digest }),
  };
}

/**
 * Imports an image of a layout directory into a blob store, complete and verified. `text` is
 * `DIR[:TAG][@DIGEST]`; without tag and digest the layout must hold one image, or one called
 * `latest`. `name` is the shown name. Throws `layout/…` and `image/…` errors that name the
 * directory.
 */
export async function importLayout(
  text: string,
  blobs: BlobTarget,
  options: { readonly signal?: AbortSignal } = {},
): Promise<{ readonly target: Descriptor; readonly name: string }> {
  const reference = parseLayoutReference(text);
  const layout = new LayoutDirectory(reference.directory);
  const { annotations: _, ...target } = choose(reference, layout);
  await layout.copyTo(target, blobs, options);
  requireComplete(target, blobs, `the image in "${reference.directory}"`);
  return { target, name: `${reference.directory}${reference.tag === undefined ? "" : `:${reference.tag}`}` };
}

function choose({ directory, tag, digest }: LayoutReference, layout: LayoutDirectory): Descriptor {
  const fail = (why: string): never => {
    const tags = [...new Set(layout.entries.map(tagOf).filter((one) => one !== undefined))];
    throw noImageInLayout(directory, why, tags);
  };
  if (digest !== undefined) {
    const entry = layout.entries.find((candidate) => candidate.digest === digest);
    if (entry !== undefined) return entry;
    if (!layout.has(digest)) fail(`it has no ${digest}`);
    const bytes = layout.readSmall(digest);
    const parsed = parseManifestOrIndex(bytes, undefined, `manifest ${digest} in "${directory}"`);
    return { mediaType: manifestTypeOf(parsed), digest, size: bytes.length };
  }
  const distinct = new Map(layout.entries.map((entry) => [entry.digest, entry]));
  const [only] = distinct.values();
  if (tag === undefined && distinct.size === 1 && only !== undefined) return only;
  const wanted = tag ?? "latest";
  const entry = layout.entries.find((candidate) => tagOf(candidate) === wanted);
  return entry ?? fail(tag === undefined ? `it has ${distinct.size} images and none has the tag "latest"` : `none has the tag "${tag}"`);
}

/** Returns the tag of an entry, whose annotation is a tag or a full name. */
function tagOf(entry: Descriptor): string | undefined {
  const name = nameOfEntry(entry);
  if (name !== undefined) return name.slice(name.lastIndexOf(":") + 1);
  return entry.annotations?.[REF_NAME];
}
