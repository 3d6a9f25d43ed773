import type { Digest } from "../../../core/digest.js";
import { compareCodeUnits } from "../../../core/canonical.js";
import type { TarHeader } from "../../tar/header.js";
import { badHardlink, badWhiteout, nameTooLong, parentNotDirectory, symlinkLoop } from "../model/errors.js";
import { checkLength, cleanName, metaOf, PATH_LIMIT, throughLink } from "./entry-rules.js";
import { type Beyond, type Directory, type Inode, type LayerNode, TreeInode, walk } from "./layer-node.js";
import { joinPath } from "../model/path-order.js";
import { SYMLINK_LIMIT } from "../model/resolve.js";
import { DigestColumn } from "../model/digest-column.js";
import type { Toc } from "../model/toc.js";
import { TocColumnsBuilder } from "../model/toc-columns.js";
import type { NodeMeta } from "../../../core/file-node.js";
import { classifyName } from "../model/whiteout.js";

/**
 * A change of the layer's own tree by an entry, applied on disk in this order. Every path is final:
 * this layer made all directories above it, and they are no links, so nothing can lead outside.
 */
export type Change =
  /** Removes a path of an earlier entry of this layer, with everything below it. */
  | { readonly kind: "remove"; readonly path: string; readonly directory: boolean }
  /** Makes a directory; one without `meta` only has to exist. */
  | { readonly kind: "mkdir"; readonly path: string; readonly meta: Omit<NodeMeta, "path"> | undefined }
  /** Sets other metadata on an existing directory. */
  | { readonly kind: "redir"; readonly path: string; readonly meta: Omit<NodeMeta, "path"> }
  | { readonly kind: "opaque"; readonly path: string }
  | { readonly kind: "whiteout"; readonly path: string }
  | { readonly kind: "create"; readonly path: string; readonly inode: Inode }
  /** Adds a hard link. `changed` means that its header changed the inode. */
  | { readonly kind: "link"; readonly path: string; readonly target: string; readonly inode: Inode; readonly changed: boolean };

/**
 * The tree that the entries of a layer's tar make, decided without a filesystem. Names are cleaned,
 * and links on the path are followed inside the layer's root. Later entries win. Whiteouts apply to
 * lower layers only. Reading a layer (scan), unpacking it (apply) and taking files out of it
 * (extract) all follow this one tree, so they cannot differ.
 */
export class LayerTree {
  readonly #root: Directory = { kind: "dir", path: "", meta: undefined, opaque: false, covered: false, children: new Map() };
  /** True when names that start with `.wh.` are names (archives that ADD unpacks). */
  readonly #literal: boolean;
  #ordinal = 0;
  /** Digests of contents by the ordinals of their entries. */
  readonly #digests = new DigestColumn();
  #changes: Change[] = [];
  /**
   * Directories by the text that led there. All directories are forgotten when anything is
   * replaced.
   */
  readonly #parents = new Map<string, Directory>();

  constructor(options: { readonly literal?: boolean } = {}) {
    this.#literal = options.literal ?? false;
  }

  /**
   * Adds an entry. When the last change is `create` of a file, the entry's content belongs to its
   * inode.
   */
  add(header: TarHeader): readonly Change[] {
    this.#changes = [];
    const ordinal = this.#ordinal++;
    const path = cleanName(header.name);
    checkLength(path);
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    const parentText = slash === -1 ? "" : path.slice(0, slash);
    if (path === "") {
      // An archive that ADD unpacks does not change its target directory.
      if (header.type === "dir" && !this.#literal) this.#root.meta = metaOf(header);
      return this.#changes;
    }
    const special = this.#literal ? ({ kind: "plain" } as const) : classifyName(path);
    switch (special.kind) {
      case "aufs":
        break;
      case "bad":
        throw badWhiteout(header.name);
      case "opaque":
        this.#makeOpaque(this.#parent(parentText, header.name));
        break;
      case "whiteout":
        this.#whiteout(this.#parent(parentText, header.name), special.name);
        break;
      case "plain":
        this.#plain(this.#parent(parentText, header.name), name, header, ordinal);
    }
    return this.#changes;
  }

  /** Returns the inode at a path of the TOC. */
  inode(path: string): Inode | undefined {
    const node = this.#find(path, () => undefined)?.node;
    return node?.kind === "leaf" ? node.inode : undefined;
  }

  /** Yields every path that is no directory, with its inode. */
  *leaves(): Generator<readonly [path: string, inode: Inode]> {
    const open = [this.#root];
    for (let directory = open.pop(); directory; directory = open.pop()) {
      for (const [name, node] of directory.children) {
        if (node.kind === "dir") open.push(node);
        else if (node.kind === "leaf") yield [joinPath(directory.path, name), node.inode];
      }
    }
  }

  toc(diffId: Digest, size: number): Toc {
    const entries = new TocColumnsBuilder();
    const whiteouts: string[] = [];
    const first = new Map<Inode, string>();
    const visit = (directory: Directory): void => {
      for (const name of [...directory.children.keys()].sort(compareCodeUnits)) {
        const node = directory.children.get(name) as LayerNode;
        const path = joinPath(directory.path, name);
        if (node.kind === "whiteout") whiteouts.push(path);
        else if (node.kind === "dir") {
          const meta = node.meta ?? (node.opaque ? IMPLIED : undefined);
          if (meta) entries.add({ path, ...meta, ...(node.opaque ? { opaque: true } : {}) }, undefined);
          visit(node);
        } else {
          const { inode } = node;
          const hardlink = first.get(inode);
          if (hardlink === undefined) first.set(inode, path);
          entries.add({ path, ...inode.meta, ...(hardlink === undefined ? {} : { hardlink }) }, inode.digest);
        }
      }
    };
    const { meta, opaque } = this.#root;
    if (meta || opaque) entries.add({ path: "", ...(meta ?? IMPLIED), ...(opaque ? { opaque: true } : {}) }, undefined);
    visit(this.#root);
    return { version: 1, diffId, size, entries: entries.entries(), whiteouts };
  }

  #plain(parent: Directory, name: string, header: TarHeader, ordinal: number): void {
    const path = joinPath(parent.path, name);
    // Checked again, because links may have led deeper than the name shows. A link's text has the
    // same limit.
    checkLength(path);
    if (header.type === "symlink" && (header.link ?? "").length > PATH_LIMIT) throw nameTooLong(header.link ?? "");
    if (header.type === "dir") {
      const meta = metaOf(header);
      const existing = parent.children.get(name);
      if (existing?.kind === "dir") {
        existing.meta = meta;
        this.#changes.push({ kind: "redir", path, meta });
      } else this.#makeDirectory(parent, name, meta);
      return;
    }
    // overlayfs would read this device as a deletion.
    if (header.type === "char" && header.device?.major === 0 && header.device.minor === 0 && !this.#literal) {
      this.#remove(parent, name);
      this.#whiteout(parent, name);
      return;
    }
    if (header.type === "hardlink") {
      const target = this.#linkTarget(header);
      if (target.path === path) throw badHardlink(header.name, header.link ?? "");
      // A name may replace the directory of its target.
      if (target.path.startsWith(`${path}/`)) throw badHardlink(header.name, header.link ?? "");
      this.#remove(parent, name);
      parent.children.set(name, { kind: "leaf", inode: target.inode });
      const { inode } = target;
      const meta = throughLink(inode.meta, header);
      const changed = meta !== inode.meta;
      inode.meta = meta;
      this.#changes.push({ kind: "link", path, target: target.path, inode, changed });
      return;
    }
    const inode = new TreeInode({ meta: metaOf(header), ordinal, digests: this.#digests });
    this.#remove(parent, name);
    parent.children.set(name, { kind: "leaf", inode });
    this.#changes.push({ kind: "create", path, inode });
  }

  #makeDirectory(parent: Directory, name: string, meta: Omit<NodeMeta, "path"> | undefined): Directory {
    const replaced = parent.children.has(name);
    this.#remove(parent, name);
    const path = joinPath(parent.path, name);
    const directory: Directory = { kind: "dir", path, meta, opaque: false, covered: parent.covered, children: new Map() };
    parent.children.set(name, directory);
    this.#changes.push({ kind: "mkdir", path, meta });
    // The replaced entry hid the lower layers' directory; keep hiding it with an opaque marker.
    if (replaced) this.#makeOpaque(directory);
    return directory;
  }

  #makeOpaque(directory: Directory): void {
    if (directory.opaque) return;
    directory.opaque = true;
    this.#cover(directory);
    this.#changes.push({ kind: "opaque", path: directory.path });
  }

  #cover(directory: Directory): void {
    if (directory.covered) return;
    directory.covered = true;
    for (const [name, node] of directory.children) {
      if (node.kind === "dir") this.#cover(node);
      else if (node.kind === "whiteout") {
        directory.children.delete(name);
        this.#changes.push({ kind: "remove", path: joinPath(directory.path, name), directory: false });
      }
    }
  }

  #whiteout(parent: Directory, name: string): void {
    const existing = parent.children.get(name);
    if (existing?.kind === "dir") this.#makeOpaque(existing);
    if (existing || parent.covered) return;
    const path = joinPath(parent.path, name);
    checkLength(path);
    parent.children.set(name, { kind: "whiteout" });
    this.#changes.push({ kind: "whiteout", path });
  }

  #remove(parent: Directory, name: string): void {
    const removed = parent.children.get(name);
    if (!removed) return;
    parent.children.delete(name);
    this.#parents.clear();
    this.#changes.push({ kind: "remove", path: joinPath(parent.path, name), directory: removed.kind === "dir" });
  }

  /**
   * Returns the directory that `text` leads to, through links of this layer. Makes missing
   * directories.
   */
  #parent(text: string, entry: string): Directory {
    if (text === "") return this.#root;
    const known = this.#parents.get(text);
    if (known) return known;
    let links = 0;
    const found = walk(this.#root, text, (at, name, child) => {
      if (child?.kind !== "leaf") {
        checkLength(joinPath(at.path, name));
        return this.#makeDirectory(at, name, undefined);
      }
      const { link, type } = child.inode.meta;
      if (type !== "symlink" || link === undefined) throw parentNotDirectory(entry, joinPath(at.path, name));
      if (++links > SYMLINK_LIMIT) throw symlinkLoop(entry, SYMLINK_LIMIT);
      return link;
    }) as Directory;
    this.#parents.set(text, found);
    return found;
  }

  /**
   * Returns the file that a hard link names. Follows links of its parents, but not the last one.
   * The file must be of this layer.
   */
  #linkTarget(header: TarHeader): { readonly path: string; readonly inode: Inode } {
    let links = 0;
    const found = this.#find(cleanName(header.link ?? ""), (_at, _name, child) => {
      const link = child?.kind === "leaf" ? child.inode.meta.link : undefined;
      return link !== undefined && ++links <= SYMLINK_LIMIT ? link : undefined;
    });
    if (found?.node?.kind !== "leaf") throw badHardlink(header.name, header.link ?? "");
    return { path: joinPath(found.parent.path, found.name), inode: found.node.inode };
  }

  /** Returns the node at a path with its directory, which `beyond` may find behind links. */
  #find(path: string, beyond: Beyond) {
    const slash = path.lastIndexOf("/");
    const name = path.slice(slash + 1);
    const parent = slash === -1 ? this.#root : walk(this.#root, path.slice(0, slash), beyond);
    return parent && { parent, name, node: parent.children.get(name) };
  }
}

const IMPLIED: Omit<NodeMeta, "path"> = { type: "dir", mode: 0o755, uid: 0, gid: 0, size: 0, mtime: { sec: 0, nsec: 0 } };
