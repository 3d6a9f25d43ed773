import { createHash } from "node:crypto";
import { closeSync, constants, openSync, readSync } from "node:fs";
import type { Digest } from "../../core/digest.js";
import { TsbuildError } from "../../core/errors.js";
import { sortByBytes } from "../../oci/layer/model/path-order.js";
import type { FileTree } from "../../oci/layer/model/toc.js";
import type { NodeMeta } from "../../core/file-node.js";
import { fsPath } from "../../core/system/path-bytes.js";

/** Digests of nodes of one tree as BuildKit computes them (`cache/contenthash`), each once. */
export class NodeHashes {
  readonly #tree: FileTree;
  readonly #options: { readonly local: boolean; readonly signal?: AbortSignal };
  readonly #files = new Map<string, string>();
  /** Plain digests of the contents that were read. */
  readonly #contents = new Map<string, Digest>();
  readonly #directories = new Map<string, string>();

  /** `local` marks a directory of a machine, whose own root has no metadata there. */
  constructor(tree: FileTree, options: { readonly local: boolean; readonly signal?: AbortSignal }) {
    this.#tree = tree;
    this.#options = options;
  }

  /** Returns the digest of a file or symlink: of its tarsum header, then its content. */
  leaf(path: string, node: NodeMeta): string {
    let digest = this.#files.get(path);
    if (digest === undefined) this.#files.set(path, (digest = this.#hash(path, node)));
    return digest;
  }

  /** Returns the digest of a directory's own header. */
  header(path: string, node: NodeMeta): string {
    const header = path === "" && this.#options.local ? "" : tarsum(node);
    return `sha256:${createHash("sha256").update(header).digest("hex")}`;
  }

  /** Returns the digest of everything at and below a path. */
  subtree(path: string, node: NodeMeta): string {
    if (node.type !== "dir") return this.leaf(path, node);
    const known = this.#directories.get(path);
    if (known !== undefined) return known;
    const hash = createHash("sha256").update("\0").update(this.header(path, node));
    for (const { name, path: child, node: childNode } of childrenOf(this.#tree, path)) {
      hash.update(`\0${name}`).update(this.subtree(child, childNode));
    }
    const digest = `sha256:${hash.digest("hex")}`;
    this.#directories.set(path, digest);
    return digest;
  }

  /** Returns true when the files that were read match the digests of the tree. */
  async isAsKnown(): Promise<boolean> {
    try {
      const known = await this.#tree.digests([...this.#contents.keys()], this.#options.signal);
      // Attributes that came only with the digests are not part of the hash.
      if (this.#tree.found && [...this.#contents.keys()].some((path) => this.#tree.found?.has(path))) return false;
      return [...this.#contents.values()].every((digest, index) => digest === known.at(index));
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      // Our own key was not made of the file, and it cannot be read any more.
      if (error instanceof TsbuildError) return false;
      throw error;
    }
  }

  #hash(path: string, node: NodeMeta): string {
    this.#options.signal?.throwIfAborted();
    const hash = createHash("sha256").update(tarsum(node));
    if (node.type !== "file") return `sha256:${hash.digest("hex")}`;
    if ((this.#tree.linksOf?.(path)?.length ?? 0) > 1) throw new Unhashable();
    const content = this.#tree.content(path);
    const plain = createHash("sha256");
    const add = (data: Uint8Array): void => {
      hash.update(data);
      plain.update(data);
    };
    if (content.kind === "bytes") add(content.data);
    else if (content.kind === "path") readAll(content.path, add);
    else throw new Unhashable();
    this.#contents.set(path, `sha256:${plain.digest("hex")}` as Digest);
    return `sha256:${hash.digest("hex")}`;
  }
}

/**
 * Thrown for content that cannot be hashed as BuildKit does, or whose digest would say less than
 * ours: nothing can be found by it.
 */
export class Unhashable extends Error {
  override readonly name = "Unhashable";
}

/** Returns the entries of a directory in the order of their bytes. */
export function childrenOf(
  tree: FileTree,
  path: string,
): readonly { readonly name: string; readonly path: string; readonly node: NodeMeta }[] {
  return sortByBytes(tree.children(path), (name) => name).flatMap((name) => {
    if (LONE_SURROGATE.test(name)) throw new Unhashable();
    const child = path === "" ? name : `${path}/${name}`;
    const node = tree.lookup(child);
    return node ? [{ name, path: child, node }] : [];
  });
}

const LONE_SURROGATE = /\p{Surrogate}/u;
const TYPES = { file: "0", symlink: "2", dir: "5" } as const;

/**
 * Returns the header of a node in tarsum's first version, without name and time. Hard links,
 * devices and extended attributes are unhashable: BuildKit does not distinguish the first from
 * copies, nor values of the last.
 */
function tarsum({ type, mode, uid, gid, size, link = "", xattrs }: NodeMeta): string {
  if (type === "char" || type === "block" || type === "fifo" || xattrs !== undefined || LONE_SURROGATE.test(link)) throw new Unhashable();
  const fields = {
    name: "",
    mode: type === "symlink" ? 0o777 : mode,
    uid,
    gid,
    size: type === "file" ? size : 0,
    typeflag: TYPES[type],
    linkname: type === "symlink" ? link : "",
    uname: "",
    gname: "",
    devmajor: 0,
    devminor: 0,
  };
  return Object.entries(fields)
    .map(([name, value]) => `${name}${value}`)
    .join("");
}

/** Bytes of one read. */
const CHUNK = 1 << 20;

/**
 * Reads a file. Throws {@link Unhashable} when it cannot be read any more: contexts change while a
 * build runs, and caches are written at its end.
 */
function readAll(path: string, add: (data: Uint8Array) => void): void {
  let fd: number | undefined;
  try {
    // A link or fifo that replaced the file must neither be followed nor waited for.
    fd = openSync(fsPath(path), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const chunk = Buffer.allocUnsafe(CHUNK);
    for (let read = readSync(fd, chunk); read > 0; read = readSync(fd, chunk)) add(chunk.subarray(0, read));
  } catch (error) {
    throw new Unhashable("it cannot be read", { cause: error });
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
