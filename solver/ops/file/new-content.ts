import { type Digest, sha256 } from "../../../core/digest.js";
import type { ContentSource, FileTree } from "../../../oci/layer/model/toc.js";
import type { Xattrs } from "../../../core/file-node.js";

/** Source of a file's bytes in the new layer. */
export type NewContent =
  | { readonly kind: "bytes"; readonly data: Uint8Array }
  | { readonly kind: "path"; readonly path: string; readonly digest: Digest }
  /** A file of another tree. */
  | { readonly kind: "tree"; readonly tree: FileTree; readonly path: string };

/** Returns the source of a new file's content for a packer. */
export function sourceOf(content: NewContent | undefined): ContentSource {
  if (!content) throw new Error("internal: only files have content");
  switch (content.kind) {
    case "bytes":
      return content;
    case "path":
      return { kind: "path", path: content.path };
    case "tree":
      return content.tree.content(content.path);
  }
}

/**
 * Returns the attributes that came with the digest of a file, which its tree did not have before.
 */
export function foundWith(content: NewContent | undefined): Xattrs | undefined {
  return content?.kind === "tree" && content.tree.found ? content.tree.found.get(content.path) : undefined;
}

/** Returns the digests of contents. Asks each tree once. */
export async function digestsOf(contents: readonly NewContent[], signal: AbortSignal | undefined): Promise<readonly Digest[]> {
  const out: Digest[] = new Array(contents.length);
  const byTree = new Map<FileTree, { readonly paths: string[]; readonly indexes: number[] }>();
  contents.forEach((content, index) => {
    if (content.kind === "bytes") out[index] = sha256(content.data);
    else if (content.kind === "path") out[index] = content.digest;
    else {
      let asked = byTree.get(content.tree);
      if (!asked) byTree.set(content.tree, (asked = { paths: [], indexes: [] }));
      asked.paths.push(content.path);
      asked.indexes.push(index);
    }
  });
  for (const [tree, { paths, indexes }] of byTree) {
    const digests = await tree.digests(paths, signal);
    indexes.forEach((index, at) => {
      out[index] = digests[at] as Digest;
    });
  }
  return out;
}
