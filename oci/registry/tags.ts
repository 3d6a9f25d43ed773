import { compareCodeUnits } from "../../core/canonical.js";
import { readAll } from "../../net/body.js";
import { resolveLocation } from "../../net/transport.js";
import type { Reference } from "../reference.js";
import { protocolError } from "./errors.js";
import { type PullOptions, pullScope, waiting } from "./pull.js";
import type { RegistrySession } from "./session.js";

/** Bytes of one page of names, and number of pages that are read. */
const MAX_PAGE = 4 << 20;
const MAX_PAGES = 1000;

/**
 * Returns all tags of a repository, sorted, each once. Reads the specification's list page by page,
 * as the `Link` header says.
 */
export async function listTags(session: RegistrySession, reference: Reference, options: PullOptions = {}): Promise<readonly string[]> {
  const what = `list the tags of ${reference.registry}/${reference.repository}`;
  const tags = new Set<string>();
  let target: string | URL = `${reference.repository}/tags/list`;
  for (let page = 0; page < MAX_PAGES; page++) {
    const answer = await session.request({
      what,
      method: "GET",
      target,
      scopes: [pullScope(reference)],
      accept: [200],
      ...waiting(options),
    });
    const bytes = await readAll(answer, what, MAX_PAGE);
    for (const tag of parseTags(bytes, () => protocolError(what, { method: "GET", url: answer.url }, "gave no list of tags")))
      tags.add(tag);
    const link = /<([^>]*)>\s*;[^,]*\brel="?next"?/.exec(answer.response.headers.get("link") ?? "")?.[1];
    const next = link === undefined ? undefined : resolveLocation(link, answer.url);
    if (next === undefined) break;
    target = next;
  }
  return [...tags].sort(compareCodeUnits);
}

function parseTags(bytes: Buffer, fail: () => Error): readonly string[] {
  let answer: { readonly tags?: unknown };
  try {
    answer = JSON.parse(bytes.toString("utf8")) as typeof answer;
  } catch {
    throw fail();
  }
  // A repository whose tags were all removed answers null.
  const tags = answer?.tags ?? [];
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === "string")) throw fail();
  return tags;
}
