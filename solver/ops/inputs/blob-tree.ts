import type { Digest } from "../../../core/digest.js";
import type { ContentSource, FileTree } from "../../../oci/layer/model/toc.js";
import type { NodeMeta } from "../../../core/file-node.js";

export interface BlobFile {
  /** Name in the root directory. */
  readonly name: string;
  readonly digest: Digest;
  readonly size: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Seconds since the epoch. */
  readonly mtime: number;
  /** Path of the bytes. */
  readonly path: string;
}

/** A tree of one file, whose bytes are a blob: the result of a download. */
export class BlobTree implements FileTree {
  readonly #file: BlobFile;
  readonly #nodes: ReadonlyMap<string, NodeMeta>;

  constructor(file: BlobFile) {
    this.#file = file;
    const mtime = { sec: file.mtime, nsec: 0 };
    const { name, size, mode, uid, gid } = file;
    this.#nodes = new Map<string, NodeMeta>([
      ["", { path: "", type: "dir", mode: 0o755, uid: 0, gid: 0, size: 0, mtime }],
      [name, { path: name, type: "file", mode, uid, gid, size, mtime }],
    ]);
  }

  lookup(path: string): NodeMeta | undefined {
    return this.#nodes.get(path);
  }

  children(path: string): readonly string[] {
    return path === "" ? [this.#file.name] : [];
  }

  async digests(paths: readonly string[]): Promise<readonly Digest[]> {
    return paths.map((path) => {
      if (path !== this.#file.name) throw new Error(`internal: asked for the digest of "${path}", which is not "${this.#file.name}"`);
      return this.#file.digest;
    });
  }

  content(): ContentSource {
    return { kind: "path", path: this.#file.path };
  }
}
