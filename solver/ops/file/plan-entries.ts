import type { Digest } from "../../../core/digest.js";
import type { NodeMeta } from "../../../core/file-node.js";
import type { ContentSource, PackEntry } from "../../../oci/layer/model/toc.js";

/** Names of one and the same new file. */
export interface LinkGroup {
  readonly members: Set<string>;
}

/**
 * Lists the members for the common case: with tens of thousands of files, spreading objects costs
 * more than all the rest.
 */
export function fileEntry(meta: NodeMeta, source: ContentSource, digest: Digest): PackEntry {
  if (meta.xattrs) return { ...meta, source, digest };
  const { path, type, mode, uid, gid, size, mtime } = meta;
  return { path, type, mode, uid, gid, size, mtime, source, digest };
}

/**
 * Returns the name that carries the content: the first in canonical order, so that it comes before
 * the links to it.
 */
export function primaryOf(group: LinkGroup, known: Map<LinkGroup, string>): string {
  let primary = known.get(group);
  if (primary === undefined) {
    for (const member of group.members) if (primary === undefined || member < primary) primary = member;
    known.set(group, primary as string);
  }
  return primary as string;
}
