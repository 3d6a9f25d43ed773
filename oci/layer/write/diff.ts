import { closeSync, openSync, readSync, type Stats } from "node:fs";
import { fsPath } from "../../../core/system/path-bytes.js";
import { systemErrorCode } from "../../../core/errors.js";
import { lgetxattr } from "../../../core/system/posix.js";
import { pathTooLong } from "../model/errors.js";
import { writeLayer } from "./layer-writer.js";
import { joinPath } from "../model/path-order.js";
import { type Cancellation, stopIfAborted } from "../read/read-layer.js";
import type { LayerTasks } from "../model/tasks.js";
import type { PackEntry, PackPlan } from "../model/toc.js";
import type { NodeMeta } from "../../../core/file-node.js";
import { inodeKey, nodeType, readLink, readNames, readNode, statOf } from "./upper-stat.js";
import { type Owner, VirtualOwners } from "../model/virtual-owners.js";
import { OPAQUE_XATTR, WHITEOUT_XATTR } from "../model/xattrs.js";

export async function diff(params: Parameters<LayerTasks["diff"]>[0], context?: Cancellation): ReturnType<LayerTasks["diff"]> {
  const plan = new UpperWalk({ upper: params.upper, lowers: params.lowers, context }).plan();
  const { diffId, toc, blob } = await writeLayer(plan, { out: params.out, epoch: params.epoch, context });
  return { diffId, toc, blob };
}

/** The lower directories that are merged at some path, top first. Empty when nothing is below. */
type Lowers = readonly string[];

interface UpperWalkOptions {
  readonly upper: string;
  readonly lowers: readonly string[];
  readonly context: Cancellation | undefined;
}

/** Walks an overlay's upper directory and finds its differences from the layers below. */
class UpperWalk {
  readonly #upper: string;
  readonly #lowers: Lowers;
  readonly #context: Cancellation | undefined;
  readonly #entries: PackEntry[] = [];
  readonly #whiteouts: string[] = [];
  readonly #links = new Map<string, string>();
  readonly #owners: VirtualOwners;
  /** Directory that was read last. */
  #at = "";

  constructor({ upper, lowers, context }: UpperWalkOptions) {
    this.#upper = upper;
    this.#lowers = [...lowers].reverse();
    this.#context = context;
    this.#owners = new VirtualOwners([...lowers, upper]);
  }

  plan(): PackPlan {
    try {
      this.#directory(this.#upper, "", this.#lowers);
    } catch (error) {
      if (systemErrorCode(error) !== "ENAMETOOLONG") throw error;
      throw pathTooLong(`Cannot make a layer of "${this.#upper}": a path below "${this.#at.slice(0, 120)}"`, error);
    }
    return { entries: this.#entries, whiteouts: this.#whiteouts };
  }

  /** Walks a directory. `lowers` are the merged lower directories of this path, top first. */
  #directory(hostPath: string, path: string, lowers: Lowers): void {
    stopIfAborted(this.#context);
    this.#at = path;
    for (const name of readNames(hostPath)) {
      const child = joinPath(path, name);
      const childHost = `${hostPath}/${name}`;
      const stat = statOf(childHost);
      if (stat) this.#child(childHost, child, stat, name, lowers);
    }
  }

  #child(hostPath: string, path: string, stat: Stats, name: string, lowers: Lowers): void {
    const type = nodeType(stat);
    if (type === undefined) return;
    if (isWhiteout(hostPath, stat)) {
      if (topMost(lowers, name)) this.#whiteouts.push(path);
      return;
    }
    if (type === "dir") {
      this.#childDirectory(hostPath, path, stat, name, lowers);
      return;
    }
    const below = type === "file" && stat.nlink > 1 ? undefined : topMost(lowers, name);
    const node = readNode(hostPath, path, stat, this.#ownerOf(hostPath, stat, below));
    if (!node) return;
    if (stat.nlink > 1) {
      const key = inodeKey(hostPath);
      const first = this.#links.get(key);
      if (first !== undefined) {
        this.#entries.push({ ...node, hardlink: first });
        return;
      }
      this.#links.set(key, path);
    } else if (below && this.#isUnchanged(node, hostPath, below)) return;
    this.#entries.push(node.type === "file" ? { ...node, source: { kind: "path", path: hostPath } } : node);
  }

  /**
   * Returns the recorded owner of a file that cannot carry it, or that of the link it was copied
   * from. A link with another time is no copy.
   */
  #ownerOf(hostPath: string, stat: Stats, below: Below | undefined): Owner | undefined {
    if (nodeType(stat) === "file") return undefined;
    const own = this.#owners.of(hostPath);
    if (own || !below || nodeType(stat) !== "symlink" || nodeType(below.stat) !== "symlink") return own;
    const wasCopied = stat.mtimeMs === below.stat.mtimeMs && readLink(hostPath) === readLink(below.path);
    return wasCopied ? this.#owners.of(below.path) : undefined;
  }

  /**
   * Returns true when a copied-up file is unchanged: opening for writing, or changing something
   * back, copies files up without a change.
   */
  #isUnchanged(node: NodeMeta, hostPath: string, below: Below): boolean {
    const old = readNode(below.path, node.path, below.stat, node.type === "file" ? undefined : this.#owners.of(below.path));
    if (!old || old.type !== node.type || !isSameMeta(node, old)) return false;
    if (old.mtime.sec !== node.mtime.sec || old.mtime.nsec !== node.mtime.nsec) return false;
    switch (node.type) {
      case "file":
        return old.size === node.size && isSameContent(hostPath, below.path);
      case "symlink":
        return node.link === readLink(below.path);
      case "char":
      case "block":
        return old.device?.major === node.device?.major && old.device?.minor === node.device?.minor;
      case "fifo":
      case "dir":
        return true;
    }
  }

  #childDirectory(hostPath: string, path: string, stat: Stats, name: string, lowers: Lowers): void {
    const node = readNode(hostPath, path, stat) as NodeMeta;
    // The kernel marks every new directory as opaque. The mark matters only when a directory is
    // below.
    const merged = mergedLowers(lowers, name);
    const opaque = merged.length > 0 && isOpaque(hostPath);
    const position = this.#entries.length;
    const deletions = this.#whiteouts.length;
    this.#entries.push(opaque ? { ...node, opaque } : node);
    this.#directory(hostPath, path, opaque ? [] : merged);
    const isTouched = this.#entries.length > position + 1 || this.#whiteouts.length > deletions;
    if (isTouched || opaque) return;
    const below = topMost(lowers, name);
    const old = below && readNode(below.path, path, below.stat);
    if (old?.type === "dir" && isSameMeta(node, old)) this.#entries.pop();
  }
}

interface Below {
  readonly path: string;
  readonly stat: Stats;
}

/**
 * Returns the visible node below under `name`; undefined when there is none or a layer deleted it.
 */
function topMost(lowers: Lowers, name: string): Below | undefined {
  for (const lower of lowers) {
    const path = `${lower}/${name}`;
    const stat = statOf(path);
    if (stat) return isWhiteout(path, stat) ? undefined : { path, stat };
  }
  return undefined;
}

/**
 * Returns the directories called `name` that overlayfs merges: down to the first opaque one or
 * anything that is no directory.
 */
function mergedLowers(lowers: Lowers, name: string): Lowers {
  const merged: string[] = [];
  for (const lower of lowers) {
    const path = `${lower}/${name}`;
    const stat = statOf(path);
    if (!stat) continue;
    if (!stat.isDirectory()) break;
    merged.push(path);
    if (isOpaque(path)) break;
  }
  return merged;
}

/**
 * Returns true for a 0:0 character device, or the form without devices: an empty file with an
 * attribute.
 */
function isWhiteout(hostPath: string, stat: Stats): boolean {
  if ((stat.mode & 0o170000) === 0o020000) return stat.rdev === 0;
  return stat.isFile() && stat.size === 0 && lgetxattr(hostPath, WHITEOUT_XATTR) !== undefined;
}

function isOpaque(hostPath: string): boolean {
  return lgetxattr(hostPath, OPAQUE_XATTR)?.toString() === "y";
}

function isSameMeta(a: NodeMeta, b: NodeMeta): boolean {
  return a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && JSON.stringify(a.xattrs ?? {}) === JSON.stringify(b.xattrs ?? {});
}

const buffers = [Buffer.allocUnsafe(1 << 17), Buffer.allocUnsafe(1 << 17)] as const;

/**
 * Compares bytes: equal size and time do not prove equal content when something set the time back.
 */
function isSameContent(a: string, b: string): boolean {
  const fds: number[] = [];
  try {
    for (const path of [a, b]) fds.push(openSync(fsPath(path), "r"));
    for (;;) {
      const sizes = fds.map((fd, i) => readSync(fd, buffers[i as 0 | 1], 0, buffers[0].length, null));
      if (sizes[0] !== sizes[1]) return false;
      if (sizes[0] === 0) return true;
      if (buffers[0].compare(buffers[1], 0, sizes[0], 0, sizes[0]) !== 0) return false;
    }
  } finally {
    for (const fd of fds) closeSync(fd);
  }
}
