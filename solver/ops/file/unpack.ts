import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Digest, Hasher } from "../../../core/digest.js";
import { throwIfAborted, TsbuildError } from "../../../core/errors.js";
import type { CopyAction } from "../../../llb/ops.js";
import { digestOf } from "../../../oci/layer/read/read-layer.js";
import { looksLikeArchive } from "../../../oci/layer/read/archive-start.js";
import { openDecompressed } from "../../../oci/layer/read/decompress.js";
import { throughLink } from "../../../oci/layer/read/entry-rules.js";
import { resolvePath } from "../../../oci/layer/model/resolve.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import type { NodeMeta, Timestamp } from "../../../core/file-node.js";
import { SparseWriter } from "../../../oci/layer/read/sparse-writer.js";
import { UnpackedSize } from "../../../oci/layer/model/unpacked-size.js";
import { fsPath } from "../../../core/system/path-bytes.js";
import { BLOCK, type TarHeader } from "../../../oci/tar/header.js";
import { type TarHandler, TarParser } from "../../../oci/tar/reader.js";
import { cleanArchiveName, resolveArchivePath } from "./archive-name.js";
import { makeDirectories, parentOf } from "./directories.js";
import { archiveDamaged, archiveLink } from "./errors.js";
import { DIRECTORY_MODE } from "./mode.js";
import { SpooledFiles } from "./new-content.js";
import type { Ids, ReadFile } from "./owner.js";
import type { Selected } from "./select.js";
import type { TreeBuilder } from "./tree-builder.js";

interface UnpackOptions {
  /** Owner of every entry, in place of its own. */
  readonly owner: Ids | undefined;
  readonly mtime: Timestamp;
  readonly readFile: ReadFile;
  readonly temporaryDirectory: () => string;
  /** Bytes that an archive may unpack to. */
  readonly unpackedLimit: number;
  readonly signal?: AbortSignal;
}

/**
 * Unpacks `selected` for ADD into the destination when its content is a tar archive (plain or
 * compressed, with any name). Returns true when it was one. The rules are BuildKit's. The
 * destination is always a directory. Parents without an entry are root's, with mode 0755. An entry
 * replaces any path with its name unless both are directories. `--chmod` does not count. Note that
 * a directory's entry follows a link of its name, because archives of root filesystems have `bin/`
 * where images have a link to `usr/bin`.
 */
export async function unpackArchive(
  target: TreeBuilder,
  source: FileTree,
  selected: Selected,
  action: CopyAction,
  options: UnpackOptions,
): Promise<boolean> {
  if (selected.node.type !== "file" || selected.node.size === 0) return false;
  const path = await hostPath(source, selected.path, options);
  if (!mayBeArchive(path)) return false;
  const unpacked = new UnpackedSize(selected.path, options.unpackedLimit);
  const unpacker = new Unpacker({ target, destination: action.dest, options, unpacked });
  const parser = new TarParser(unpacker);
  try {
    for await (const chunk of openDecompressed(path)) {
      throwIfAborted(options.signal);
      unpacked.bytes(chunk.length);
      parser.push(chunk);
    }
    parser.finish();
  } catch (error) {
    throwIfAborted(options.signal);
    // Compressed data that is no archive is copied unchanged. Damage after the first entry is an
    // error.
    if (!unpacker.started && isFormatError(error)) return false;
    if (error instanceof TsbuildError && error.code === "layer/corrupt") throw archiveDamaged(selected.path, error);
    throw error;
  } finally {
    unpacker.close();
  }
  return unpacker.started;
}

function isFormatError(error: unknown): boolean {
  return error instanceof Error && "code" in error && ["tar/invalid", "tar/truncated", "layer/corrupt"].includes(String(error.code));
}

/** Reads only the start, so that large files that are plainly something else are not read. */
function mayBeArchive(path: string): boolean {
  const fd = openSync(fsPath(path), "r");
  try {
    const start = Buffer.alloc(BLOCK);
    return looksLikeArchive(start.subarray(0, readSync(fd, start, 0, BLOCK, 0)));
  } finally {
    closeSync(fd);
  }
}

/** Returns a file of this machine with the content: the source itself where it is one. */
async function hostPath(source: FileTree, path: string, options: UnpackOptions): Promise<string> {
  const content = source.content(path);
  if (content.kind === "path") return content.path;
  const copy = join(options.temporaryDirectory(), "archive");
  writeFileSync(copy, content.kind === "bytes" ? content.data : await options.readFile(source, path));
  return copy;
}

interface UnpackerParts {
  readonly target: TreeBuilder;
  readonly destination: string;
  readonly options: UnpackOptions;
  readonly unpacked: UnpackedSize;
}

/** A file whose content comes. */
interface OpenFile {
  readonly start: number;
  readonly meta: NodeMeta;
  digest: Digest | undefined;
  hash: Hasher | undefined;
}

class Unpacker implements TarHandler {
  /** True once an entry was seen: then it is an archive. */
  started = false;
  readonly #target: TreeBuilder;
  readonly #options: UnpackOptions;
  readonly #unpacked: UnpackedSize;
  readonly #destination: string;
  #directory: string | undefined;
  #spool: { readonly files: SpooledFiles; readonly file: SparseWriter } | undefined;
  #open: OpenFile | undefined;

  constructor({ target, destination, options, unpacked }: UnpackerParts) {
    this.#target = target;
    this.#unpacked = unpacked;
    this.#options = options;
    this.#destination = destination;
  }

  entry(header: TarHeader): void {
    this.#unpacked.file(header.size);
    const target = this.#target;
    const root = this.#root();
    const name = cleanArchiveName(header.name);
    if (name === "") return;
    const path = resolveArchivePath(target, root, name, header.type === "dir");
    if (path === root) return;
    makeDirectories(target, parentOf(path), { mode: DIRECTORY_MODE, owner: undefined, mtime: this.#options.mtime });
    const { type, mode, mtime, size } = header;
    const { uid, gid } = this.#options.owner ?? header;
    const existing = target.lookup(path);
    if (type === "dir" && existing?.type === "dir") {
      // Behind a link it is a directory of the image (/usr/bin for /bin), which the archive does
      // not know.
      if (resolveArchivePath(target, root, name, false) === path) target.setMeta(path, { mode, uid, gid, mtime });
      return;
    }
    if (type === "hardlink") {
      this.#hardlink({ ...header, uid, gid }, root, path);
      return;
    }
    if (existing?.type === "dir") target.remove(path);
    const plain: NodeMeta = { path, type, mode: type === "symlink" ? 0o777 : mode, uid, gid, size, mtime };
    // An object that is spread takes more memory, so only entries that have more fields are.
    const isPlain = type !== "symlink" && !header.device && !header.xattrs;
    const meta = isPlain ? plain : { ...plain, ...moreOf(header) };
    if (type !== "file") target.put(meta);
    else if (size === 0) target.put(meta, { kind: "bytes", data: new Uint8Array() });
    else this.#openFile(meta);
  }

  data(chunk: Buffer): void {
    if (!this.#open) return;
    const { meta } = this.#open;
    // Most files come in one piece, for which the one-shot hash is four times faster.
    if (chunk.length === meta.size) this.#open.digest = digestOf(chunk);
    else (this.#open.hash ??= new Hasher()).update(chunk);
    this.#spool?.file.write(chunk);
  }

  end(): void {
    if (!this.#open || !this.#spool) return;
    const { start, digest, hash, meta } = this.#open;
    this.#open = undefined;
    this.#target.put(meta, this.#spool.files.add(start, digest ?? (hash ?? new Hasher()).digest()));
  }

  /** Closes the file that has the contents. */
  close(): void {
    this.#spool?.file.finish();
    this.#spool?.file.close();
  }

  /** Returns the directory that is unpacked into, made at the first entry. */
  #root(): string {
    this.started = true;
    if (this.#directory === undefined) {
      const { owner, mtime } = this.#options;
      this.#directory = resolvePath(this.#target, this.#destination).path;
      makeDirectories(this.#target, this.#directory, { mode: DIRECTORY_MODE, owner, mtime });
    }
    return this.#directory;
  }

  /**
   * Adds a hard link. Its header counts for the file and all its names, as chown and chmod through
   * it would.
   */
  #hardlink(header: TarHeader, root: string, path: string): void {
    const target = this.#target;
    const linked = resolveArchivePath(target, root, cleanArchiveName(header.link ?? ""), false);
    const node = target.lookup(linked);
    if (!node || node.type === "dir") throw archiveLink(header.name, header.link ?? "");
    if (linked === path) return;
    if (target.lookup(path)?.type === "dir") target.remove(path);
    const group = target.linkGroup(linked);
    target.put({ ...node, path }, target.contentOf(linked), group);
    const { mode, uid, gid, mtime, xattrs } = throughLink(node, header);
    target.setMeta(path, { mode, uid, gid, mtime, ...(xattrs ? { xattrs } : {}) });
  }

  #openFile(meta: NodeMeta): void {
    const { file } = (this.#spool ??= this.#openSpool());
    this.#open = { start: file.position, meta, digest: undefined, hash: undefined };
  }

  #openSpool(): { readonly files: SpooledFiles; readonly file: SparseWriter } {
    const path = join(this.#options.temporaryDirectory(), "contents");
    return { files: new SpooledFiles(path), file: new SparseWriter(openSync(path, "wx", 0o600)) };
  }
}

/** Returns the fields that few entries have. */
function moreOf({ type, link, device, xattrs }: TarHeader): Partial<NodeMeta> {
  return { ...(type === "symlink" ? { link: link ?? "" } : {}), ...(device ? { device } : {}), ...(xattrs ? { xattrs } : {}) };
}
