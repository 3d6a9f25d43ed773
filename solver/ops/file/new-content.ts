import { type Digest, sha256 } from "../../../core/digest.js";
import { DigestColumn } from "../../../oci/layer/model/digest-column.js";
import { NumbersBuilder } from "../../../oci/layer/model/numbers.js";
import type { ContentSource, DigestList, FileTree } from "../../../oci/layer/model/toc.js";
import type { Xattrs } from "../../../core/file-node.js";

/** Source of a file's bytes in the new layer. */
export type NewContent =
  | { readonly kind: "bytes"; readonly data: Uint8Array }
  | { readonly kind: "part"; readonly path: string; readonly start: number; readonly digest: Digest }
  | TreeContent;

/** A file of another tree. */
export interface TreeContent {
  readonly kind: "tree";
  readonly tree: FileTree;
  readonly path: string;
}

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

/**
 * Returns a function from the index of a content to its digest. Asks each tree once. A digest that
 * is kept with a content, or in a tree, is made at each call.
 */
export async function digestsOf(contents: Iterable<NewContent>, signal: AbortSignal | undefined): Promise<DigestAt> {
  const kept: Exclude<NewContent, TreeContent>[] = [];
  const asked: Asked[] = [];
  const byTree = new Map<FileTree, Asked>();
  /** For each content: 0 for one of {@link kept}, else one more than the place of its tree. */
  const trees = new NumbersBuilder();
  const places = new NumbersBuilder();
  for (const content of contents) {
    if (content.kind !== "tree") {
      trees.push(0);
      places.push(kept.push(content) - 1);
      continue;
    }
    let known = byTree.get(content.tree);
    if (!known) {
      known = { paths: [], number: asked.length + 1, digests: [] };
      byTree.set(content.tree, known);
      asked.push(known);
    }
    trees.push(known.number);
    places.push(known.paths.push(content.path) - 1);
  }
  for (const [tree, known] of byTree) {
    known.digests = await tree.digests(known.paths, signal);
    known.paths = [];
  }
  return (index) => {
    const tree = trees.at(index);
    const place = places.at(index);
    if (tree > 0) return (asked[tree - 1] as Asked).digests.at(place) as Digest;
    const content = kept[place] as Exclude<NewContent, TreeContent>;
    return content.kind === "part" ? content.digest : sha256(content.data);
  };
}

/** Paths that a tree is asked for, and then their digests. */
interface Asked {
  readonly number: number;
  paths: string[];
  digests: DigestList;
}
