import { readlinkSync, realpathSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { FileStat, StatShard } from "../../../cache/contract/stats.js";
import type { Digest } from "../../../core/digest.js";
import type { MatchInfo } from "../../../core/text/pattern-matcher.js";
import { isTemporaryName } from "../../../core/system/temporary-files.js";
import type { ContentSource, FileTree } from "../../../oci/layer/model/toc.js";
import type { NodeMeta, Xattrs } from "../../../core/file-node.js";
import { decodePath, fsPath } from "../../../core/system/path-bytes.js";
import { notDirectory } from "./errors.js";
import { HostDirectory } from "./host-directory.js";
import { hashFiles as hashFilesHere, type HashFiles } from "./hash-files.js";
import { type IgnoreRule, IgnoreRules } from "./ignore-rules.js";
import { StatTable } from "./stat-table.js";
import { metaOfStat, typeOfStat } from "./stat-node.js";

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

interface Entry {
  /** The one string of its path: whoever asks may have made another. */
  readonly path: string;
  readonly excluded: boolean;
  /** Match info for the entries below; undefined when there are no rules. */
  readonly info: MatchInfo | undefined;
  /**
   * Undefined before it was read. Null when it does not exist, or is of a kind no layer can hold.
   */
  node: LocalNode | null | undefined;
  visible: boolean | undefined;
  names: readonly string[] | undefined;
}

interface LocalNode {
  meta: NodeMeta;
  /** Index of a file in the table of stats. */
  readonly stat: number;
  /** Names of a file that has several, as far as they were seen. All of them share the list. */
  readonly names: string[] | undefined;
  digest: Digest | undefined;
}

/**
 * A directory of this machine as a tree: a build context. It is read only where an op asks (`COPY
 * package.json .` stats one file), each path once, so that all steps of a build see the same state.
 * Files belong to 0:0 whoever owns them here; modes and times are kept. Paths that .dockerignore
 * excludes do not exist in it. Neither do sockets: no layer can hold one.
 *
 * The `user.*` extended attributes of regular files count, as with `docker build`. They are read
 * when a file is hashed and remembered with its digest, because a system call for each file would
 * be a third of a build without changes; changing one changes ctime, which makes the file unknown.
 * Directories are never hashed, so theirs are not read. Nor are security.* (labels and capabilities
 * belong to the machine) and system.* (access lists name the machine's users).
 */
export class LocalTree implements FileTree {
  readonly root: string;
  readonly name: string;
  readonly ignore: IgnoreRules;
  readonly found = new Map<string, Xattrs>();
  readonly #host: HostDirectory;
  readonly #stats: StatShard | undefined;
  readonly #pool: HashFiles | undefined;
  readonly #entries = new Map<string, Entry>();
  readonly #table = new StatTable();
  readonly #inodes = new Map<string, string[]>();
  readonly #without: ReadonlySet<string>;

  /** Throws `context/not-a-directory` or `context/unreadable`. */
  constructor(root: string, options: LocalTreeOptions = {}) {
    this.root = resolve(root);
    this.name = options.name ?? "build context";
    this.ignore = options.ignore ?? new IgnoreRules([]);
    this.#stats = options.stats;
    this.#pool = options.hashFiles;
    const inside = (options.without ?? []).map((directory) => relative(realPath(this.root), realPath(directory)));
    this.#without = new Set(inside.filter((path) => !path.startsWith("..")));
    this.#host = new HostDirectory({ root: this.root, name: this.name });
    const stat = this.#host.stat(".");
    if (!stat?.isDirectory()) {
      throw notDirectory(root, this.name, stat !== undefined);
    }
    // Its own mode belongs to this machine only; a root filesystem's root is 0755.
    const meta: NodeMeta = { ...metaOfStat("", "dir", stat), mode: 0o755 };
    this.#entries.set("", {
      path: "",
      excluded: false,
      info: undefined,
      node: { meta, stat: -1, names: undefined, digest: undefined },
      visible: true,
      names: undefined,
    });
  }

  lookup(path: string): NodeMeta | undefined {
    const entry = this.#entry(path);
    return entry && this.#isVisible(path, entry) ? (this.#node(entry)?.meta ?? undefined) : undefined;
  }

  children(path: string): readonly string[] {
    const entry = this.#entry(path);
    return entry ? this.#names(path, entry) : [];
  }

  content(path: string): ContentSource {
    return { kind: "path", path: this.#host.hostPath(path) };
  }

  /** Returns the names seen so far. A file is known under the first of them. */
  linksOf(path: string): readonly string[] | undefined {
    return this.#entries.get(path)?.node?.names;
  }

  async digests(paths: readonly string[], signal?: AbortSignal): Promise<readonly Digest[]> {
    const nodes: LocalNode[] = [];
    const unknown = new Map<LocalNode, string>();
    let bytes = 0;
    for (const path of paths) {
      const entry = this.#entry(path);
      const node = entry && this.#node(entry);
      if (node?.meta.type !== "file") throw new Error(`internal: asked for the digest of "${path}", which is no file of the ${this.name}`);
      nodes.push(node);
      if (node.digest !== undefined || unknown.has(node)) continue;
      const stat = this.#stats && this.#table.get(node.stat);
      const known = stat && this.#stats?.get(stat);
      if (known !== undefined) {
        this.#know(node, path, known, this.#stats?.xattrs(stat as FileStat));
        continue;
      }
      unknown.set(node, path);
      bytes += node.meta.size;
    }
    if (unknown.size > 0) await this.#hash([...unknown], bytes, signal);
    return nodes.map((node) => node.digest as Digest);
  }

  /**
   * Returns the rule of the ignore file that hides an existing path. Returns undefined when the
   * path does not exist, or is not hidden.
   */
  hiddenBy(path: string): IgnoreRule | undefined {
    const rule = path === "" ? undefined : this.ignore.hiding(path);
    return rule && this.#host.stat(path) ? rule : undefined;
  }

  async #hash(files: readonly (readonly [LocalNode, string])[], bytes: number, signal: AbortSignal | undefined): Promise<void> {
    const hash = this.#pool && (bytes > POOL_BYTES || files.length > POOL_FILES) ? this.#pool : hashFilesHere;
    const startedAt = BigInt(Date.now()) * 1_000_000n;
    let hashed: Awaited<ReturnType<HashFiles>>;
    try {
      hashed = await hash(
        files.map(([, path]) => this.#host.hostPath(path)),
        signal ? { signal } : {},
      );
    } catch (error) {
      throw this.#host.readError(error);
    }
    let index = 0;
    for (const file of hashed) {
      const [node, path] = files[index++] as (typeof files)[number];
      const { digest, stat, xattrs } = file;
      const { ino, dev, size, mtimeNs } = this.#table.get(node.stat);
      if (stat.ino !== ino || stat.dev !== dev || stat.size !== size || stat.mtimeNs !== mtimeNs) throw this.#host.changed(path);
      this.#know(node, path, digest, xattrs);
      this.#stats?.set(stat, file, startedAt);
    }
  }

  #know(node: LocalNode, path: string, digest: Digest, xattrs: Xattrs | undefined): void {
    node.digest = digest;
    if (xattrs === undefined) return;
    node.meta = { ...node.meta, xattrs };
    this.found.set(path, xattrs);
  }

  /** Returns the entry of a path whose parents are directories that are not wholly excluded. */
  #entry(path: string): Entry | undefined {
    const known = this.#entries.get(path);
    if (known) return known;
    const slash = path.lastIndexOf("/");
    const parentPath = slash === -1 ? "" : path.slice(0, slash);
    const parent = this.#entry(parentPath);
    if (!parent || !this.#isOpen(parentPath, parent)) return undefined;
    // A path that is not in the listing does not exist: the tree is one state, whatever appears on
    // disk meanwhile.
    if (parent.names && !parent.excluded) return undefined;
    return this.#add(path, parent);
  }

  #add(path: string, parent: Entry): Entry {
    if (this.#isForeign(path)) {
      const nothing: Entry = { path, excluded: true, info: undefined, node: null, visible: false, names: undefined };
      this.#entries.set(path, nothing);
      return nothing;
    }
    const { matched, info } = this.ignore.empty ? { matched: false, info: undefined } : this.ignore.match(path, parent.info);
    const entry: Entry = { path, excluded: matched, info, node: undefined, visible: matched ? undefined : true, names: undefined };
    this.#entries.set(path, entry);
    return entry;
  }

  /**
   * Returns true for our own files: unfinished files, and leftovers of killed processes, change by
   * themselves.
   */
  #isForeign(path: string): boolean {
    const start = path.lastIndexOf("/") + 1;
    if (path.charCodeAt(start) === DOT && isTemporaryName(path.slice(start))) return true;
    return this.#without.size > 0 && this.#without.has(path);
  }

  /**
   * Returns true when anything below a path can be visible: it is a directory, and not excluded
   * without exceptions.
   */
  #isOpen(path: string, entry: Entry): boolean {
    return (!entry.excluded || this.ignore.mayBringBack(path)) && this.#node(entry)?.meta.type === "dir";
  }

  /** Returns true for an excluded directory when something below it is visible. */
  #isVisible(path: string, entry: Entry): boolean {
    entry.visible ??= this.#isOpen(path, entry) && this.#names(path, entry).length > 0;
    return entry.visible;
  }

  #names(path: string, entry: Entry): readonly string[] {
    if (entry.names) return entry.names;
    if (!this.#isOpen(path, entry)) return [];
    const names: string[] = [];
    for (const dirent of this.#host.entries(path)) {
      if (dirent.isSocket()) continue;
      const childPath = path === "" ? dirent.name : `${path}/${dirent.name}`;
      const child = this.#entries.get(childPath) ?? this.#add(childPath, entry);
      if (child.excluded && !(dirent.isDirectory() && this.#isVisible(childPath, child))) continue;
      names.push(dirent.name);
    }
    entry.names = names.sort();
    return entry.names;
  }

  #node(entry: Entry): LocalNode | null {
    if (entry.node === undefined) entry.node = this.#load(entry.path);
    return entry.node;
  }

  #load(path: string): LocalNode | null {
    const found = this.#host.stat(path);
    const type = found && typeOfStat(found);
    if (!found || !type) return null;
    let meta = metaOfStat(path, type, found);
    if (type === "symlink") meta = { ...meta, link: decodePath(readlinkSync(fsPath(this.#host.hostPath(path)), "buffer")) };
    if (type !== "file") return { meta, stat: -1, names: undefined, digest: undefined };
    const names = found.nlink > 1n ? this.#namesOfInode(path, found) : undefined;
    return { meta, stat: this.#table.add(found), names, digest: undefined };
  }

  #namesOfInode(path: string, { dev, ino }: Pick<FileStat, "dev" | "ino">): string[] {
    const key = `${dev}:${ino}`;
    const names = this.#inodes.get(key);
    if (!names) {
      const first = [path];
      this.#inodes.set(key, first);
      return first;
    }
    names.push(path);
    return names;
  }
}

const DOT = 0x2e;

/** Returns the real path of an existing path, and a missing one unchanged. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
