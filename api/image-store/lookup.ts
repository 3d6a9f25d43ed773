import { noSuchImage, ambiguousImage } from "./errors.js";
import type { BuildHistory } from "../../cache/contract/builds.js";
import type { ImageEntry, ImageIndex } from "../../cache/contract/images.js";
import { compareCodeUnits } from "../../core/canonical.js";
import type { Digest } from "../../core/digest.js";
import type { TsbuildError } from "../../core/errors.js";
import { UsageError } from "../../core/errors.js";
import { suggest } from "../../core/text/suggest.js";
import {
  familiarReference,
  formatReference,
  parseReference,
  type Reference,
  tryParseReference,
  withDefaultTag,
} from "../../oci/reference.js";
import type { Descriptor } from "../../oci/types.js";
import type { BuildDetail } from "../record/build-record.js";
import { tagHint } from "../sources/similar-tags.js";

/** One image of the store with all its names. */
export interface NamedImage {
  /** Canonical names, sorted. */
  readonly names: readonly string[];
  readonly target: Descriptor;
  /** Milliseconds since the epoch at which the newest of its names was set. */
  readonly createdAt: number;
}

/**
 * Image that a user's text matched. `name` is set when the text was one of the image's names, and
 * not its id or digest.
 */
export interface Match extends NamedImage {
  readonly name: string | undefined;
}

/** Returns the images of the store, each once, in order of arrival. */
export function groupImages(entries: readonly ImageEntry[]): readonly NamedImage[] {
  const groups = new Map<Digest, { names: string[]; target: Descriptor; createdAt: number }>();
  for (const { name, target, createdAt } of entries) {
    const group = groups.get(target.digest) ?? { names: [], target, createdAt };
    if (name !== undefined) group.names.push(name);
    group.createdAt = Math.max(group.createdAt, createdAt);
    groups.set(target.digest, group);
  }
  return [...groups.values()].map((group) => ({ ...group, names: group.names.sort(compareCodeUnits) }));
}

/** The part of a store that finding an image needs. */
export interface ImageSource {
  readonly images: ImageIndex;
  readonly builds: Pick<BuildHistory, "list" | "get">;
}

/**
 * Finds an image as docker does: by name (`alpine` is `alpine:latest`), by `name@digest`, by id or
 * digest, or by a unique beginning of one. A name wins over an id that looks the same. Images that
 * differ in annotations or compression have one id. The id then means the image that was built
 * last, because that build has just printed it. Throws `images/not-found` or `images/ambiguous`.
 */
export function findImage(text: string, store: ImageSource): Match {
  const index = store.images;
  const reference = tryParseReference(text);
  if (reference !== undefined && reference.digest === undefined) {
    const name = formatReference(withDefaultTag(reference));
    const entry = index.get(name);
    if (entry !== undefined) return { ...imageOf(entry, index), name };
  }
  const prefix = reference?.digest ?? (/^(sha256:)?[0-9a-f]{4,64}$/.test(text) ? text : undefined);
  const entries = prefix === undefined ? [] : index.find(prefix);
  const found = groupImages(entries);
  const [only, another] = found;
  if (only === undefined) throw notFound(text, index);
  if (another === undefined) return { ...imageOf(only, index), name: undefined };
  const [digest, ...others] = new Set(entries.flatMap(({ digests }) => digests));
  if (digest !== undefined && others.length === 0) return { ...imageOf(lastOf(found, digest, store), index), name: undefined };
  throw ambiguousImage(text, found);
}

/** Returns the names of a repository, canonical and sorted; none for any other text. */
export function tagsOf(repository: Reference | undefined, entries: readonly ImageEntry[]): readonly string[] {
  if (repository === undefined) return [];
  const prefix = `${formatReference(repository)}:`;
  return entries.flatMap(({ name }) => (name?.startsWith(prefix) ? [name] : [])).sort(compareCodeUnits);
}

/**
 * Returns among images that all have `digest` the one whose own it is, else the one that came or
 * was built last.
 */
function lastOf(images: readonly NamedImage[], digest: Digest, { builds }: ImageSource): NamedImage {
  const own = images.find(({ target }) => target.digest === digest);
  if (own !== undefined) return own;
  const newest = images.reduce((a, b) => (b.createdAt >= a.createdAt ? b : a));
  for (const { id, imageId, createdAt, duration } of builds.list()) {
    // An existing image keeps its time when it is built again.
    if (imageId !== digest || createdAt + duration < newest.createdAt) continue;
    const built = images.find(({ target }) => target.digest === resultDigest(builds.get(id)?.detail));
    if (built !== undefined) return built;
  }
  return newest;
}

function resultDigest(detail: string | undefined): string | undefined {
  return detail === undefined ? undefined : (JSON.parse(detail) as Partial<BuildDetail>).result?.digest;
}

/** Returns the image of an entry with all of its names, also those that a search did not find. */
function imageOf(entry: Omit<ImageEntry, "name">, index: ImageIndex): NamedImage {
  return (
    groupImages(index.list().filter(({ target }) => target.digest === entry.target.digest))[0] ?? {
      names: [],
      target: entry.target,
      createdAt: entry.createdAt,
    }
  );
}

/** Compares repositories and tags by themselves: a tag in common makes no two names alike. */
function nearHint(text: string, names: readonly string[]): string | undefined {
  const [wanted, tag = "latest"] = splitTag(text);
  const parts = names.map(splitTag);
  const repositories = parts.map(([name]) => name);
  const repository = repositories.includes(wanted) ? wanted : suggest(wanted, repositories);
  const tags = parts.flatMap(([name, candidate]) => (name === repository && candidate !== undefined ? [candidate] : []));
  if (repository === undefined) return undefined;
  return tags.includes(tag) ? `Did you mean "${repository}:${tag}"?` : tagHint(repository, tag, tags);
}

function splitTag(name: string): readonly [repository: string, tag: string | undefined] {
  const [, repository = name, tag] = /^(.*?)(?::([^:/]*))?$/s.exec(name) ?? [];
  return [repository, tag];
}

function notFound(text: string, index: ImageIndex): TsbuildError {
  // A text that is no reference at all gets the reason.
  if (tryParseReference(text) === undefined && !/^(sha256:)?[0-9a-f]+$/.test(text)) UsageError.of(() => parseReference(text));
  const near = nearHint(
    text,
    index.list().flatMap(({ name }) => (name === undefined ? [] : [familiarReference(parseReference(name))])),
  );
  return noSuchImage(text, near);
}
