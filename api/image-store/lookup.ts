import type { ImageEntry, ImageIndex } from "../../cache/contract/images.js";
import { compareCodeUnits } from "../../core/canonical.js";
import type { Digest } from "../../core/digest.js";
import { TsbuildError, UsageError } from "../../core/errors.js";
import { suggest } from "../../core/suggest.js";
import { familiarReference, formatReference, parseReference, tryParseReference, withDefaultTag } from "../../oci/reference.js";
import type { Descriptor } from "../../oci/types.js";

/** One image of the store with all its names. */
export interface NamedImage {
  /** Canonical names, sorted. */
  readonly names: readonly string[];
  readonly target: Descriptor;
  /** Milliseconds since the epoch: when the newest of its names was set. */
  readonly createdAt: number;
}

/** What a user's text led to. `name` is set when it was one of the image's names, and not its id or digest. */
export interface Match extends NamedImage {
  readonly name: string | undefined;
}

/** The images of the store, each once, in the order in which they came. */
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

/**
 * Finds an image as docker does: by name (`alpine` is `alpine:latest`), by `name@digest`, by id or digest, or by a unique prefix of one. A name wins over
 * an id that looks the same. Throws `images/not-found` or `images/ambiguous`.
 */
export function findImage(text: string, index: ImageIndex): Match {
  const reference = tryParseReference(text);
  if (reference !== undefined && reference.digest === undefined) {
    const name = formatReference(withDefaultTag(reference));
    const entry = index.get(name);
    if (entry !== undefined) return { ...imageOf(entry, index), name };
  }
  const prefix = reference?.digest ?? (/^(sha256:)?[0-9a-f]{4,64}$/.test(text) ? text : undefined);
  const found = prefix === undefined ? [] : groupImages(index.find(prefix));
  const [only, another] = found;
  if (only === undefined) throw notFound(text, index);
  if (another !== undefined) {
    throw new TsbuildError("images/ambiguous", `Cannot tell which image "${text}" means: ${found.length} have such an id`, {
      hint: `Write more of it: ${found.map((image) => image.target.digest.slice("sha256:".length, "sha256:".length + 16)).join(", ")}`,
    });
  }
  return { ...imageOf({ target: only.target, name: undefined, createdAt: only.createdAt }, index), name: undefined };
}

/** The image behind an entry with all of its names, also those that a search did not give. */
function imageOf(entry: ImageEntry, index: ImageIndex): NamedImage {
  return (
    groupImages(index.list().filter(({ target }) => target.digest === entry.target.digest))[0] ?? {
      names: [],
      target: entry.target,
      createdAt: entry.createdAt,
    }
  );
}

/** Compares repositories and tags by themselves: a tag in common makes no two names alike. */
function nearestName(text: string, names: readonly string[]): string | undefined {
  const [wanted, tag] = splitTag(text);
  const parts = names.map(splitTag);
  const repository = suggest(
    wanted,
    parts.map(([name]) => name),
  );
  const tags = parts.flatMap(([name, candidate]) => (name === repository && candidate !== undefined ? [candidate] : []));
  if (repository === undefined) return undefined;
  const near = tags.includes(tag ?? "latest")
    ? (tag ?? "latest")
    : tag === undefined || repository === wanted
      ? tags[0]
      : suggest(tag, tags);
  return near === undefined ? undefined : `${repository}:${near}`;
}

function splitTag(name: string): readonly [repository: string, tag: string | undefined] {
  const [, repository = name, tag] = /^(.*?)(?::([^:/]*))?$/s.exec(name) ?? [];
  return [repository, tag];
}

function notFound(text: string, index: ImageIndex): TsbuildError {
  // A text that is no reference at all gets the reason why.
  if (tryParseReference(text) === undefined && !/^(sha256:)?[0-9a-f]+$/.test(text)) UsageError.of(() => parseReference(text));
  const near = nearestName(
    text,
    index.list().flatMap(({ name }) => (name === undefined ? [] : [familiarReference(parseReference(name))])),
  );
  return new TsbuildError("images/not-found", `Cannot find the image "${text}" in the local store`, {
    hint: near === undefined ? "tsbuild images lists what is there" : `Did you mean "${near}"?`,
  });
}
