import { withHint } from "./errors.js";
import { TsbuildError } from "../../core/errors.js";
import { nearest } from "../../core/text/nearest.js";
import { suggest } from "../../core/text/suggest.js";
import { familiarReference, type Reference } from "../../oci/reference.js";
import type { RegistryClient } from "../../oci/registry/client.js";

/** Tags that a hint lists. */
const SHOWN = 5;

/** Tags of a registry that are looked at. */
const MAX_TAGS = 1000;

/** Milliseconds for the list of tags: it only makes an error better. */
const PATIENCE = 5000;

/** Returns a hint for a tag that a repository does not have; undefined when there are no others. */
export function tagHint(repository: string, tag: string, tags: readonly string[]): string | undefined {
  const near = suggest(tag, tags);
  const [first = near, ...others] = nearest(tag, tags, SHOWN);
  if (first === undefined) return undefined;
  // A version number resembles many others.
  if (others.length === 0 || (near !== undefined && !/^[\d.]+$/.test(near))) return `Did you mean "${repository}:${near ?? first}"?`;
  const more = tags.length - others.length - 1;
  const list = [first, ...others].map((name) => `"${name}"`).join(", ");
  return more === 0 ? `${repository} has the tags ${list}` : `Near tags of ${repository}: ${list}; it has ${more} more`;
}

/**
 * Returns the error of an image that its registry does not have, with tags of its repository as the
 * hint. The registry is asked for the tags once, with a short limit; its failure is ignored.
 */
export async function withSimilarTags(error: unknown, reference: Reference, client: RegistryClient, signal: AbortSignal): Promise<unknown> {
  const { tag, digest } = reference;
  if (!(error instanceof TsbuildError) || error.code !== "registry/not-found") return error;
  if (tag === undefined || digest !== undefined) return error;
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), PATIENCE);
  try {
    const answer = await client.tags(reference, { signal: AbortSignal.any([signal, stop.signal]) });
    // A list that has the tag is no help: something else is missing.
    if (answer.includes(tag)) return error;
    // Valid tags only, because they are compared letter by letter below.
    const tags = answer.filter((name) => /^\w[\w.-]{0,127}$/.test(name)).slice(0, MAX_TAGS);
    const { registry, repository } = reference;
    const hint = tagHint(familiarReference({ registry, repository }), tag, tags);
    return hint === undefined ? error : withHint(error, hint);
  } catch {
    return error;
  } finally {
    clearTimeout(timer);
  }
}
