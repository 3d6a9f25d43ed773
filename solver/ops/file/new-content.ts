import { type Digest, sha256 } from "../../../core/digest.js";
import { DigestColumn } from "../../../oci/layer/model/digest-column.js";
import { NumbersBuilder } from "../../../oci/layer/model/numbers.js";
import type { ContentSource, FileTree } from "../../../oci/layer/model/toc.js";
import type { Xattrs } from "../../../core/file-node.js";

/** Source of a file's bytes in the new layer. */
export type NewContent =
  | { readonly kind: "bytes"; readonly data: Uint8Array }
  | { readonly kind: "part"; readonly path: string; readonly start: number; readonly digest: Digest }
  /** A file of another tree. */
  | { readonly kind: "tree"; readonly tree: FileTree; readonly path: string };

/**
 * Contents of files in one file of this machine, one behind the other. Note that an archive may
 * have a million files: a file for each takes minutes to make and to remove, and their paths and
 * digests as texts take more memory than all else.
 */
export class SpooledFiles {
  readonly path: string;
  readonly #starts = new NumbersBuilder();
  readonly #digests = new DigestColumn();
  #count = 0;

  constructor(path: string) {
    this.path = path;
  }

  /** Adds the content that begins at `start`. */
  add(start: number, digest: Digest): NewContent {
    const number = this.#count++;
    this.#starts.push(start);
    this.#digests.set(number, digest);
    return new SpooledFile(this, number);
  }

  start(number: number): number {
    return this.#starts.at(number);
  }

  digest(number: number): Digest {
    return this.#digests.get(number) as Digest;
  }
}

class SpooledFile {
  readonly #files: SpooledFiles;
  readonly #number: number;

  constructor(files: SpooledFiles, number: number) {
    this.#files = files;
    this.#number = number;
  }

  get kind(): "part" {
    return "part";
  }

  get path(): string {
    return this.#files.path;
  }

  get start(): number {
    return this.#files.start(this.#number);
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
    case "part":
      return { kind: "part", path: content.path, start: content.start };
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
    return content.kind === "part" ? content.digest : (out[index] as Digest);
  };
}
