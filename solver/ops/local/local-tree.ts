import { realPath } from "../../../core/real-path.js";
import { relative, resolve } from "node:path";
import type { StatShard } from "../../../cache/contract/stats.js";
import type { Digest } from "../../../core/digest.js";
import type { ContentSource, DigestList, FileTree } from "../../../oci/layer/model/toc.js";
import type { NodeMeta, Xattrs } from "../../../core/file-node.js";
import { notDirectory } from "./errors.js";
import { HostDirectory } from "./host-directory.js";
import { hashFiles as hashFilesHere, type HashFiles } from "./hash-files.js";
import { type IgnoreRule, IgnoreRules } from "./ignore-rules.js";
import { LocalPaths } from "./local-paths.js";
import type { LocalRows } from "./local-rows.js";

interface LocalTreeOptions {
  /** Name for messages. Default `build context`. */
  readonly name?: string;
  readonly ignore?: IgnoreRules;
  /** Digests of files from earlier builds. Without it every selected file is read. */
  readonly stats?: StatShard;
  /** Hashes big sets of files on other threads. Default: all on this one. */
  readonly hashFiles?: HashFiles;
  /** Directories that are left out wherever they are: the store, which changes while it is read. */
  readonly without?: readonly string[];
}

/**
 * Sizes of a set of unknown files from which on threads pay, which take about 100 ms to start: as
 * long as hashing half of it here.
 */
const POOL_BYTES = 192 << 20;
const POOL_FILES = 16_384;

/**
 * A directory of this machine as a tree: a build context. The directory is read only where an op
 * asks: `COPY package.json .` stats one file. Each path is read once, so that all steps of a build
 * see the same state. Files belong to 0:0 whoever owns them here; modes and times are kept. Paths
 * that .dockerignore excludes do not exist in it. Neither do sockets: no layer can hold one.
 *
 * The `user.*` extended attributes of regular files count, as with `docker build`. Note that we
 * read these attributes when a file is hashed and remember them with its digest, because a system
 * call for each file would be a third of a build without changes. A changed attribute changes
 * ctime, which makes the file unknown. Directories are never hashed, so theirs are not read. Nor
 * are security.* (labels and capabilities belong to the machine) and system.* (access lists name
 * the machine's users).
 */
export class LocalTree implements FileTree {
  readonly root: string;
  readonly name: string;
  readonly ignore: IgnoreRules;
  readonly found = new Map<string, Xattrs>();
  readonly located = true;
  readonly #host: HostDirectory;
  readonly #stats: StatShard | undefined;
  readonly #pool: HashFiles | undefined;
  readonly #paths: LocalPaths;
  readonly #rows: LocalRows;
  readonly #options: LocalTreeOptions;

  /** Throws `context/not-a-directory` or `context/unreadable`. */
  constructor(root: string, options: LocalTreeOptions = {}) {
    this.root = resolve(root);
    this.#options = options;
    this.name = options.name ?? "build context";
    this.ignore = options.ignore ?? new IgnoreRules([]);
    this.#stats = options.stats;
    this.#pool = options.hashFiles;
    const inside = (options.without ?? []).map((directory) => relative(realPath(this.root), realPath(directory)));
    const without = new Set(inside.filter((path) => !path.startsWith("..")));
    this.#host = new HostDirectory({ root: this.root, name: this.name });
    const stat = this.#host.stat(".");
    if (!stat?.isDirectory()) {
      throw notDirectory(root, this.name, stat !== undefined);
    }
    this.#paths = new LocalPaths({ host: this.#host, ignore: this.ignore, without });
    this.#rows = this.#paths.rows;
  }

  lookup(path: string): NodeMeta | undefined {
    const row = this.#paths.row(path);
    const meta = row === undefined ? undefined : this.#rows.meta(row, path);
    // Its own mode belongs to this machine only; a root filesystem's root is 0755.
    return meta && path === "" ? { ...meta, mode: 0o755 } : meta;
  }

  children(path: string): readonly string[] {
    return this.#paths.names(path);
  }

  /**
   * Calls `visit` for each node in a directory.
   *
   * Note that this is no generator, because V8 counts each `yield` as a run of all that stands
   * before it. It would optimize a loop over a thousand files in the middle of a build without
   * changes, which takes longer than the build gains.
   */
  visitNodes(path: string, visit: (node: NodeMeta) => void): void {
    this.#paths.visitRows(path, (row, childPath) => {
      const meta = this.#rows.meta(row, childPath);
      if (meta) visit(meta);
    });
  }

  content(path: string): ContentSource {
    return { kind: "path", path: this.#host.hostPath(path) };
  }

  /** Returns the names seen so far. A file is known under the first of them. */
  linksOf(path: string): readonly string[] | undefined {
    return this.#paths.links(path);
  }

  async digests(paths: readonly string[], signal?: AbortSignal): Promise<DigestList> {
    const rows = new Uint32Array(paths.length);
    const unknown = new Map<number, string>();
    for (let index = 0; index < paths.length; index++) {
      const path = paths[index] as string;
      const row = this.#paths.row(path);
      if (row === undefined) throw this.#isNoFile(path);
      rows[index] = row;
      if (this.#rows.isHashed(row)) continue;
      if (this.#rows.type(row) !== "file") throw this.#isNoFile(path);
      if (!this.#remember(row, path)) unknown.set(row, path);
    }
    if (unknown.size > 0) await this.#hash(unknown, signal);
    return new RowDigests(this.#rows, rows);
  }

  #isNoFile(path: string): Error {
    return new Error(`internal: asked for the digest of "${path}", which is no file of the ${this.name}`);
  }

  /** Returns a tree of the same directory, which looks at all of it again. */
  again(): LocalTree {
    return new LocalTree(this.root, this.#options);
  }

  /**
   * Returns the rule of the ignore file that hides an existing path. Returns undefined when the
   * path does not exist, or is not hidden.
   */
  hiddenBy(path: string): IgnoreRule | undefined {
    const rule = path === "" ? undefined : this.ignore.hiding(path);
    return rule && this.#host.stat(path) ? rule : undefined;
  }

  /** Takes the digest of an earlier build. Returns false when there is none. */
  #remember(row: number, path: string): boolean {
    if (!this.#stats) return false;
    const stat = this.#rows.stat(row);
    if (!this.#stats.copyDigest(stat, this.#rows.digests, row)) return false;
    this.#know(row, path, this.#stats.xattrs(stat));
    return true;
  }

  /** Hashes files, which are named by their rows. */
  async #hash(files: ReadonlyMap<number, string>, signal: AbortSignal | undefined): Promise<void> {
    let bytes = 0;
    for (const row of files.keys()) bytes += this.#rows.size(row);
    const hash = this.#pool && (bytes > POOL_BYTES || files.size > POOL_FILES) ? this.#pool : hashFilesHere;
    const startedAt = BigInt(Date.now()) * 1_000_000n;
    let hashed: Awaited<ReturnType<HashFiles>>;
    try {
      hashed = await hash(
        Array.from(files.values(), (path) => this.#host.hostPath(path)),
        signal ? { signal } : {},
      );
    } catch (error) {
      throw this.#host.readError(error);
    }
    const asked = files.entries();
    for (const file of hashed) {
      const [row, path] = asked.next().value as [number, string];
      const { digest, stat, xattrs } = file;
      const { ino, dev, size, mtimeNs } = this.#rows.stat(row);
      if (stat.ino !== ino || stat.dev !== dev || stat.size !== size || stat.mtimeNs !== mtimeNs) throw this.#host.changed(path);
      this.#rows.digests.set(row, digest);
      this.#know(row, path, xattrs);
      this.#stats?.set(stat, file, startedAt);
    }
  }

  #know(row: number, path: string, xattrs: Xattrs | undefined): void {
    this.#rows.setHashed(row);
    if (xattrs === undefined) return;
    this.#rows.rare(row).xattrs = xattrs;
    this.found.set(path, xattrs);
  }
}

/**
 * Digests of rows: the rows keep them as bytes, and a text for each takes three times the memory.
 */
class RowDigests implements DigestList {
  readonly #rows: LocalRows;
  readonly #asked: Uint32Array;

  constructor(rows: LocalRows, asked: Uint32Array) {
    this.#rows = rows;
    this.#asked = asked;
  }

  get length(): number {
    return this.#asked.length;
  }

  at(index: number): Digest | undefined {
    const row = this.#asked[index];
    return row === undefined ? undefined : this.#rows.digests.get(row);
  }

  slice(start?: number, end?: number): readonly Digest[] {
    return this.#rows.digests.texts(this.#asked.subarray(start, end));
  }
}
