import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  symlinkSync,
} from "node:fs";
import { join } from "node:path";
import { systemErrorCode, TsbuildError } from "../../../core/errors.js";
import { fsPath } from "../../../core/system/path-bytes.js";
import { removeTree } from "../../../core/system/remove-tree.js";
import { lremovexattr, lsetxattr, lutimes, mknod, S_IFCHR, S_IFIFO } from "../../../core/system/posix.js";
import { nameCollision, unpackFailed } from "../model/errors.js";
import type { Change } from "./layer-tree.js";
import type { Inode } from "./layer-node.js";
import { joinPath } from "../model/path-order.js";
import { type Cancellation, readLayer } from "./read-layer.js";
import { SparseWriter } from "./sparse-writer.js";
import { isPlain, setMetadata, setTimes, setXattrs, virtualOwner } from "./set-metadata.js";
import type { LayerTasks } from "../model/tasks.js";
import type { NodeMeta } from "../../../core/file-node.js";

import { type Owner, type OwnerPlace, writeVirtualOwners } from "../model/virtual-owners.js";
import { isDevice, recordDevice } from "../model/devices.js";
import { HAS_LOOKS, keptMode, recordLook } from "../model/looks.js";
import { DEVICES_MARK, OPAQUE_XATTR, OWNER_XATTR, WHITEOUT_XATTR } from "../model/xattrs.js";

export async function apply(params: Parameters<LayerTasks["apply"]>[0], context?: Cancellation): ReturnType<LayerTasks["apply"]> {
  const { blob, dest } = params;
  if (readdirSync(dest).length > 0) throw new Error(`internal: the directory to unpack into is not empty: ${dest}`);
  const unpacker = new Unpacker(dest);
  try {
    const { tree, diffId, size } = await readLayer(
      blob,
      {
        entry: (changes) => {
          for (const change of changes) unpacker.change(change);
        },
        data: (chunk) => unpacker.data(chunk),
        end: (inode) => unpacker.end(inode),
      },
      { growing: params.growing, limit: params.limit, context },
    );
    unpacker.finish();
    return { diffId, toc: tree.toc(diffId, size) };
  } catch (error) {
    unpacker.abandon();
    if (systemErrorCode(error) === "EEXIST") throw nameCollision(blob, unpacker.at);
    throw systemErrorCode(error) !== undefined && !(error instanceof TsbuildError) ? unpackFailed(blob, dest, error as Error) : error;
  }
}

type Meta = Omit<NodeMeta, "path">;

/**
 * Applies the changes of a layer tree on disk. Every path comes from the tree: the directories
 * above it were made here, in a directory that only this process writes, so no component but the
 * last can be a link. The calls for the last one never follow it.
 */
class Unpacker {
  readonly #root: string;
  readonly #directories = new Map<string, Meta | undefined>();
  /**
   * Device nodes below /dev, where steps have their own. Such nodes are in the TOC only, so that a
   * base image with them needs no supervisor.
   */
  readonly #absent = new Set<Inode>();
  /** Owners, by path on disk, of files that cannot carry an unmapped owner. */
  readonly #owners = new Map<string, { readonly meta: Owner }>();
  /** True when any owner is not mapped, wherever it is recorded. */
  #isVirtual = false;
  #hasDevices = false;
  #open: { readonly file: SparseWriter; readonly path: string } | undefined;

  /** Path of the last change. */
  at = "";

  constructor(root: string) {
    this.#root = root;
  }

  change(change: Change): void {
    this.at = change.path;
    const path = joinPath(this.#root, change.path);
    switch (change.kind) {
      case "remove":
        removeTree(fsPath(path));
        this.#owners.delete(path);
        if (change.directory) this.#forget(change.path);
        return;
      case "mkdir":
        mkdirSync(fsPath(path), 0o755);
        this.#directory(change.path, path, change.meta ?? IMPLIED);
        return;
      case "redir":
        this.#directory(change.path, path, change.meta);
        return;
      case "opaque":
        // overlayfs ignores it on a lower root: the code that mounts leaves the layers below out.
        if (change.path !== "") lsetxattr(path, OPAQUE_XATTR, OPAQUE_VALUE);
        return;
      case "whiteout":
        makeWhiteout(path);
        return;
      case "create":
        this.#create(change.path, path, change.inode);
        return;
      case "link":
        if (this.#absent.has(change.inode)) return;
        linkSync(fsPath(joinPath(this.#root, change.target)), fsPath(path));
        if (change.changed) this.#change(path, change.inode);
    }
  }

  data(chunk: Buffer): void {
    this.#open?.file.write(chunk);
  }

  /**
   * Sets the metadata of a complete file. The owner comes first, because chown takes setuid bits
   * and capabilities away.
   */
  end(inode: Inode): void {
    if (!this.#open) return;
    const { meta } = inode;
    const { file, path } = this.#open;
    const { fd } = file;
    file.finish();
    this.#own(fd, path, inode);
    setXattrs(path, meta);
    fchmodSync(fd, HAS_LOOKS ? keptMode(meta) : meta.mode);
    if (isPlain(meta.mtime)) futimesSync(fd, meta.mtime.sec, meta.mtime.sec);
    else lutimes(path, meta.mtime, meta.mtime);
    this.#open = undefined;
    file.close();
  }

  /** Gives an open file to its owner. */
  #own(fd: number, path: string, inode: Inode): void {
    if (HAS_LOOKS) {
      this.#keep(path, inode, recordLook(path, inode.meta));
      return;
    }
    try {
      fchownSync(fd, inode.meta.uid, inode.meta.gid);
    } catch (error) {
      this.#keep(path, inode, virtualOwner(error, path, inode.meta));
    }
  }

  /** Sets times of directories last, because new children change them. */
  finish(): void {
    if (this.#isVirtual) writeVirtualOwners(this.#root, new Map([...this.#owners].map(([path, { meta }]) => [path, meta])));
    if (this.#hasDevices) lsetxattr(this.#root, DEVICES_MARK, Buffer.from("1"));
    for (const [relative, meta] of this.#directories) setTimes(joinPath(this.#root, relative), (meta ?? IMPLIED).mtime);
  }

  /** Ends without leaving anything open. */
  abandon(): void {
    this.#open?.file.close();
    this.#open = undefined;
    for (const name of readdirSync(this.#root, { encoding: "buffer" })) {
      removeTree(Buffer.concat([Buffer.from(join(this.#root, "/")), name]));
    }
  }

  #create(relative: string, path: string, inode: Inode): void {
    const { meta } = inode;
    switch (meta.type) {
      case "file": {
        const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
        this.#open = { file: new SparseWriter(openSync(fsPath(path), flags, 0o600)), path };
        return;
      }
      case "symlink":
        symlinkSync(fsPath(meta.link ?? ""), fsPath(path));
        break;
      case "fifo":
        mknod(path, S_IFIFO | meta.mode);
        break;
      case "char":
      case "block":
        if (relative.startsWith("dev/")) {
          this.#absent.add(inode);
          return;
        }
        closeSync(openSync(fsPath(path), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o600));
        this.#hasDevices = true;
        break;
      case "dir":
        throw new Error("internal: a directory is made by mkdir");
    }
    this.#finish(path, inode);
  }

  /** Sets the metadata of a later hard link on an existing file. */
  #change(path: string, inode: Inode): void {
    if (isDevice(inode.meta)) {
      this.#finish(path, inode);
      return;
    }
    // Only a file of ours can say that its owner is recorded elsewhere, and the new owner may be
    // mapped.
    if (!HAS_LOOKS) lchownSync(fsPath(path), IMPLIED.uid, IMPLIED.gid);
    if (this.#isVirtual && inode.meta.type === "file") lremovexattr(path, OWNER_XATTR);
    this.#finish(path, inode);
  }

  #finish(path: string, inode: Inode): void {
    if (isDevice(inode.meta)) recordDevice(path, inode.meta);
    else this.#keep(path, inode, setMetadata(path, inode.meta));
    setTimes(path, inode.meta.mtime);
  }

  #directory(relative: string, path: string, meta: Meta): void {
    this.#directories.set(relative, meta);
    this.#keep(path, { meta }, setMetadata(path, meta));
  }

  #keep(path: string, owned: { readonly meta: Owner }, place: OwnerPlace): void {
    if (place === "nowhere") this.#owners.set(path, owned);
    if (place !== "inode") this.#isVirtual = true;
  }

  #forget(removed: string): void {
    for (const path of this.#directories.keys()) if (path === removed || path.startsWith(`${removed}/`)) this.#directories.delete(path);
    const below = `${joinPath(this.#root, removed)}/`;
    for (const path of this.#owners.keys()) if (path.startsWith(below)) this.#owners.delete(path);
  }
}

/**
 * Marks a deletion with a device of number 0. An empty file with an attribute marks it where a
 * container or the file system refuses that.
 */
function makeWhiteout(path: string): void {
  try {
    mknod(path, S_IFCHR);
  } catch (error) {
    if (systemErrorCode(error) !== "EPERM") throw error;
    closeSync(openSync(fsPath(path), constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600));
    lsetxattr(path, WHITEOUT_XATTR, OPAQUE_VALUE);
  }
}

/** Directories without an entry belong to root of the user namespace. */
const IMPLIED: Meta = {
  type: "dir",
  mode: 0o755,
  uid: HAS_LOOKS ? 0 : (process.geteuid?.() ?? 0),
  gid: HAS_LOOKS ? 0 : (process.getegid?.() ?? 0),
  size: 0,
  mtime: { sec: 0, nsec: 0 },
};
const OPAQUE_VALUE = Buffer.from("y");
