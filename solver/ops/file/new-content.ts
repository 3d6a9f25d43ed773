import { join } from "node:path";
import { type Digest, sha256 } from "../../../core/digest.js";
import { DigestColumn } from "../../../oci/layer/model/digest-column.js";
import type { ContentSource, FileTree } from "../../../oci/layer/model/toc.js";
import type { Xattrs } from "../../../core/file-node.js";

/** Source of a file's bytes in the new layer. */
export type NewContent =
  | { readonly kind: "bytes"; readonly data: Uint8Array }
  | { readonly kind: "path"; readonly path: string; readonly digest: Digest }
  /** A file of another tree. */
  | { readonly kind: "tree"; readonly tree: FileTree; readonly path: string };

/**
 * Files of one directory of this machine, named by numbers. Note that paths and digests are made
 * when they are read, because as texts they take more memory than all else of a file, and an
 * archive may have a million.
 */
export class NumberedFiles {
  readonly #directory: string;
  readonly #digests = new DigestColumn();
  #count = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Path of the file that {@link add} takes next. */
  get next(): string {
    return this.path(this.#count);
  }

  add(digest: Digest): NewContent {
    const number = this.#count++;
    this.#digests.set(number, digest);
    return new NumberedFile(this, number);
  }

  path(number: number): string {
    return join(this.#directory, String(number));
  }

  digest(number: number): Digest {
    return this.#digests.get(number) as Digest;
  }
}

class NumberedFile {
  readonly #files: NumberedFiles;
  readonly #number: number;

  constructor(files: NumberedFiles, number: number) {
    this.#files = files;
    this.#number = number;
  }

  get kind(): "path" {
    return "path";
  }

  get path(): string {
    return this.#files.path(this.#number);
  }

  get digest(): Digest {
    return this.#files.digest(this.#number);
  }
}

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

/** Returns the digest of a content by its index. */
export type DigestAt = (index: number) => Digest;

/** Returns the digests of contents. Asks each tree once. */
export async function digestsOf(contents: readonly NewContent[], signal: AbortSignal | undefined): Promise<readonly Digest[]> {
  const digestAt = await digestsByIndex(contents, signal);
  return contents.map((_, index) => digestAt(index));
}

/**
 * Returns a function from the index of a content to its digest. Asks each tree once. A digest that
 * is kept with a content is made at each call.
 */
export async function digestsByIndex(contents: readonly NewContent[], signal: AbortSignal | undefined): Promise<DigestAt> {
  const out: Digest[] = new Array(contents.length);
  const byTree = new Map<FileTree, { readonly paths: string[]; readonly indexes: number[] }>();
  contents.forEach((content, index) => {
    if (content.kind === "bytes") out[index] = sha256(content.data);
    else if (content.kind === "tree") {
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
  return (index) => {
    const content = contents[index] as NewContent;
    return content.kind === "path" ? content.digest : (out[index] as Digest);
  };
}
