import { readlinkSync } from "node:fs";
import type { FileStat } from "../../../cache/contract/stats.js";
import { lstatAll, STAT_WORDS } from "../../../core/system/lstat-all.js";
import { decodePath, fsPath } from "../../../core/system/path-bytes.js";
import { isTemporaryName } from "../../../core/system/temporary-files.js";
import type { MatchInfo } from "../../../core/text/pattern-matcher.js";
import { joinPath } from "../../../oci/layer/model/path-order.js";
import type { HostDirectory } from "./host-directory.js";
import type { IgnoreRules } from "./ignore-rules.js";
import { LocalRows } from "./local-rows.js";

/** A directory that can hold something visible. */
interface Directory {
  readonly path: string;
  /** Row of the directory itself. */
  readonly row: number;
  /** Match info for the entries; undefined when there are no rules. */
  readonly info: MatchInfo | undefined;
  /**
   * Rows of entries that were asked for by their names before all were listed, and of excluded
   * directories with something visible; {@link NONE} for what does not exist or is hidden.
   */
  readonly asked: Map<string, number>;
  /** Visible names, in order, once somebody listed them. */
  names: readonly string[] | undefined;
  /** Row of the first of {@link names}; the others follow, but for those in {@link asked}. */
  first: number;
  /** True when all entries were looked at. */
  looked: boolean;
}

const NONE = -1;
const ROOT = 0;

/**
 * Files that are looked at one by one before many are at once, for which koffi is loaded: it takes
 * as long as looking at some thousand.
 */
const FEW = 2_500;

interface LocalPathsOptions {
  readonly host: HostDirectory;
  readonly ignore: IgnoreRules;
  /** Paths that are left out. */
  readonly without: ReadonlySet<string>;
}

/**
 * The visible paths of a local tree, and the row of each: what ignore files hide, and what is not
 * there, has none. Each path is looked at once, when somebody asks for it or its directory.
 */
export class LocalPaths {
  readonly rows = new LocalRows();
  readonly #host: HostDirectory;
  readonly #ignore: IgnoreRules;
  readonly #without: ReadonlySet<string>;
  /** Directories by path; undefined for what is none, or has nothing visible for sure. */
  readonly #directories = new Map<string, Directory | undefined>();
  /** Place that was asked for last. */
  #last: { readonly directory: Directory; readonly index: number };
  /** Number of stats that were read. */
  #looks = 0;
  /** Names of each file that has several, by inode. */
  readonly #inodes = new Map<string, string[]>();

  constructor({ host, ignore, without }: LocalPathsOptions) {
    this.#host = host;
    this.#ignore = ignore;
    this.#without = without;
    const row = this.rows.reserve(1);
    this.#look(row, ".");
    const root: Directory = { path: "", row, info: undefined, asked: new Map(), names: undefined, first: 0, looked: false };
    this.#directories.set("", root);
    this.#last = { directory: root, index: 0 };
  }

  /** Returns the row of a path, whose stat is read; undefined when the path is hidden. */
  row(path: string): number | undefined {
    if (path === "") return ROOT;
    const row = this.#rowAt(path);
    if (row === NONE) return undefined;
    this.#look(row, path);
    return row;
  }

  /** Returns the visible names in a directory, in order; none for anything else. */
  names(path: string): readonly string[] {
    const directory = this.#directory(path);
    return directory ? this.#list(directory) : [];
  }

  /** Calls `visit` with the row of each of {@link names}, whose stat is read, and its path. */
  visitRows(path: string, visit: (row: number, path: string) => void): void {
    const directory = this.#directory(path);
    if (!directory) return;
    const names = this.#list(directory);
    this.#lookAtAll(directory, names);
    for (let index = 0; index < names.length; index++) {
      const name = names[index] as string;
      // Joined as a list, so that it is one string at once.
      visit(rowOf(directory, index), path === "" ? name : [path, name].join("/"));
    }
  }

  /** Returns the names of a file that has several, as far as they were seen. */
  links(path: string): readonly string[] | undefined {
    if (this.#inodes.size === 0) return undefined;
    const row = path === "" ? NONE : this.#rowAt(path);
    return row === NONE ? undefined : this.rows.names(row);
  }

  /** Returns the row of a path that is no root. */
  #rowAt(path: string): number {
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    const { directory: last } = this.#last;
    const inLast = last.path.length === Math.max(0, slash) && path.startsWith(last.path);
    const directory = inLast ? last : this.#directory(slash === -1 ? "" : path.slice(0, slash));
    if (!directory) return NONE;
    const asked = directory.asked.get(name);
    if (asked !== undefined) return asked;
    // A path that is not in the listing does not exist: the tree is one state, whatever appears on
    // disk meanwhile.
    if (directory.names) return this.#listed(directory, directory.names, name);
    const row = this.#isForeign(path) ? NONE : this.#ask(path, directory);
    directory.asked.set(name, row);
    return row;
  }

  /** Returns the row of a name in a listing. Most callers ask for one name after the other. */
  #listed(directory: Directory, names: readonly string[], name: string): number {
    let index = this.#last.directory === directory ? this.#last.index + 1 : 0;
    if (names[index] !== name) index = placeOf(names, name);
    if (names[index] !== name) return NONE;
    this.#last = { directory, index };
    return directory.first + index;
  }

  /** Returns the row of a path that no listing has yet. */
  #ask(path: string, parent: Directory): number {
    if (!this.#match(path, parent).matched) return this.rows.reserve(1);
    const directory = this.#directory(path);
    return directory && this.#list(directory).length > 0 ? directory.row : NONE;
  }

  #match(path: string, parent: Directory): { readonly matched: boolean; readonly info: MatchInfo | undefined } {
    return this.#ignore.empty ? { matched: false, info: undefined } : this.#ignore.match(path, parent.info);
  }

  /**
   * Returns a directory that can hold something visible: it is there, and not excluded without
   * exceptions.
   */
  #directory(path: string): Directory | undefined {
    const known = this.#directories.get(path);
    if (known || this.#directories.has(path)) return known;
    const slash = path.lastIndexOf("/");
    const parent = this.#directory(slash === -1 ? "" : path.slice(0, slash));
    const found = parent && this.#open(path, parent);
    this.#directories.set(path, found);
    return found;
  }

  #open(path: string, parent: Directory): Directory | undefined {
    if (this.#isForeign(path)) return undefined;
    const { matched, info } = this.#match(path, parent);
    if (matched && !this.#ignore.mayBringBack(path)) return undefined;
    const row = matched ? this.rows.reserve(1) : this.#rowAt(path);
    if (row === NONE) return undefined;
    this.#look(row, path);
    if (this.rows.type(row) !== "dir") return undefined;
    return { path, row, info, asked: new Map(), names: undefined, first: 0, looked: false };
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

  /** Returns the visible names of a directory. */
  #list(directory: Directory): readonly string[] {
    if (directory.names) return directory.names;
    const { path, asked } = directory;
    const names: string[] = [];
    for (const dirent of this.#host.entries(path)) {
      if (dirent.isSocket()) continue;
      const { name } = dirent;
      if (this.#without.size > 0 || name.charCodeAt(0) === DOT || !this.#ignore.empty) {
        const childPath = path === "" ? name : `${path}/${name}`;
        if (this.#isForeign(childPath)) continue;
        if (this.#match(childPath, directory).matched) {
          if (!dirent.isDirectory()) continue;
          if (!asked.has(name)) asked.set(name, this.#ask(childPath, directory));
        }
      }
      // A path that was not there when somebody asked is not there in this state.
      if (asked.get(name) !== NONE) names.push(name);
    }
    directory.first = this.rows.reserve(names.length);
    directory.names = names.sort();
    return directory.names;
  }

  /** Reads the stat of a row, once. */
  #look(row: number, path: string): void {
    if (this.rows.isRead(row)) return;
    this.#looks++;
    const stat = this.#host.stat(path);
    this.rows.set(row, stat);
    if (stat) this.#complete(row, path, stat.nlink);
  }

  /** Looks at all entries of a directory, at once in a tree of many files. */
  #lookAtAll(directory: Directory, names: readonly string[]): void {
    if (directory.looked) return;
    directory.looked = true;
    const { path } = directory;
    const words = this.#looks >= FEW ? lstatAll(this.#host.hostPath(path), names) : undefined;
    if (words) this.#looks += names.length;
    for (let index = 0; index < names.length; index++) {
      const row = rowOf(directory, index);
      if (this.rows.isRead(row)) continue;
      const childPath = joinPath(path, names[index] as string);
      if (!words) {
        this.#look(row, childPath);
        continue;
      }
      this.rows.setWords(row, words, index);
      this.#complete(row, childPath, words[index * STAT_WORDS + 1] as bigint);
    }
  }

  /** Reads what a stat does not say. */
  #complete(row: number, path: string, links: bigint): void {
    const type = this.rows.type(row);
    if (type === "symlink") this.rows.rare(row).link = decodePath(readlinkSync(fsPath(this.#host.hostPath(path)), "buffer"));
    if (type === "file" && links > 1n) this.rows.rare(row).names = this.#namesOfInode(path, this.rows.stat(row));
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

/** Returns the row of an entry in a listing. */
function rowOf({ asked, first, names }: Directory, index: number): number {
  const known = asked.size === 0 ? undefined : asked.get(names?.[index] as string);
  return known ?? first + index;
}

/** Returns the first place in sorted names that is not before a name. */
function placeOf(names: readonly string[], name: string): number {
  let [low, high] = [0, names.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((names[middle] as string) < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

const DOT = 0x2e;
