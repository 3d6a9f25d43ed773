import { filesNotWritten, sameName, exportedPathTooLong } from "./errors.js";
import {
  chmodSync,
  closeSync,
  fchmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { checkDirectoryDestination } from "../core/system/destination.js";
import { systemErrorCode, TsbuildError } from "../core/errors.js";
import { makeDirectory } from "../core/system/make-directory.js";
import { removeAbandoned, temporaryName } from "../core/system/temporary-files.js";
import { setTimes, setXattrs } from "../oci/layer/read/set-metadata.js";
import type { NodeMeta, Timestamp } from "../core/file-node.js";
import { encodePath } from "../core/system/path-bytes.js";
import { mknod, S_IFIFO } from "../core/system/posix.js";
import { removeTree } from "../core/system/remove-tree.js";
import type { ExportContext, ExportImage, Exporter } from "./exporter.js";
import { requireLayers } from "./require-layers.js";
import { streamFiles } from "./layer-stream.js";
import { attestationsOf, planImages, platformFolders, type RootfsPlan } from "./rootfs-plan.js";
import { writeAll } from "../core/system/write-all.js";

/**
 * Mode bits of files. Setuid and setgid would give rights to the caller's user, who never agreed to
 * that.
 */
const FILE_MODE = 0o777;
const DIR_MODE = 0o1777;

/**
 * Returns the exporter of `type=local`: the files of the root filesystem in a directory, owned by
 * the caller; several platforms in a folder each, or as `platformSplit` says. Keeps other files in
 * the directory. Leaves out devices, owners, setuid bits and all attributes but `user.*`. Writes
 * everything to a hidden directory first and moves it into place once it is complete. Replaces
 * existing symbolic links and never follows them.
 */
export function localDirectory(options: {
  readonly dest: string;
  readonly platformSplit?: boolean;
  readonly attestationPrefix?: string;
}): Exporter {
  const dest = resolve(options.dest);
  return {
    name: "exporting to client directory",
    async export(request, context) {
      const time = request.epoch === undefined ? undefined : { sec: Math.floor(request.epoch / 1000), nsec: 0 };
      requireLayers(request, context);
      checkDirectoryDestination(options.dest);
      try {
        const exists = statSync(dest, { throwIfNoEntry: false });
        // A new directory is made by renaming the whole. In an existing one the hidden directory
        // must be on the same file system.
        const stage = exists === undefined ? temporaryName(dirname(dest), basename(dest)) : temporaryName(dest);
        makeDirectory(dirname(stage));
        removeAbandoned(dirname(stage));
        mkdirSync(stage, 0o700);
        try {
          const folders = platformFolders(request.images, options.platformSplit);
          const plans = await planImages(request.images, folders, context.signal);
          for (const [index, image] of request.images.entries()) {
            const folder = folders[index] as string;
            const root = folder === "" ? stage : `${stage}/${folder}`;
            if (folder !== "") mkdirSync(root);
            const plan = plans[index] as RootfsPlan;
            const split = folder !== "" || request.images.length === 1;
            const statements = await attestationsOf(image, plan, { prefix: options.attestationPrefix, split });
            await writeFiles(image, plan, { root, time, context }).catch((error: unknown) => {
              throw systemErrorCode(error) === "EEXIST" ? nameCollision(options.dest, error) : error;
            });
            for (const { name, bytes } of statements) writeStatement(`${root}/${name}`, bytes, time);
          }
          if (exists === undefined) {
            chmodSync(stage, 0o777 & ~process.umask());
            renameSync(stage, dest);
          } else moveInto(Buffer.from(stage), Buffer.from(dest));
          // Last, because a directory without write permission can be neither filled nor moved.
          const directories = plans.flatMap((plan, index) =>
            plan.directories.map((directory) => ({
              ...directory,
              path: `${folders[index] === "" ? "" : `${folders[index]}/`}${directory.path}`,
            })),
          );
          finishDirectories(directories, dest, time);
        } finally {
          removeTree(stage);
        }
      } catch (cause) {
        if (cause instanceof TsbuildError || systemErrorCode(cause) === undefined) throw cause;
        if (systemErrorCode(cause) === "ENAMETOOLONG") throw pathTooLong(options.dest, cause);
        throw filesNotWritten(options, cause);
      }
      return { metadata: {} };
    },
  };
}

function writeStatement(path: string, bytes: Buffer, time: Timestamp | undefined): void {
  writeFileSync(path, bytes, { flag: "wx", mode: 0o600 });
  if (time !== undefined) setTimes(path, time);
}

/**
 * Writes an image's files below `root`, a directory of ours. Directories stay writable until {@link
 * finishDirectories}.
 */
async function writeFiles(
  image: ExportImage,
  plan: RootfsPlan,
  { root, time, context }: { readonly root: string; readonly time: Timestamp | undefined; readonly context: ExportContext },
): Promise<void> {
  for (const { path } of plan.directories) mkdirSync(hostPath(root, path), 0o700);
  for (const entry of plan.others) if (entry.type === "symlink" || entry.type === "fifo") writeOther(entry, root, time);
  let copied = 0;
  const written = new Set<string>();
  for (const [index, layer] of image.layers.entries()) {
    const wanted = plan.files[index] as RootfsPlan["files"][number];
    if (wanted.size === 0) continue;
    await streamFiles(
      layer,
      context,
      (path) => {
        const file = wanted.get(path);
        if (file === undefined) return undefined;
        const [first, ...links] = file.names;
        const target = hostPath(root, first);
        // A tar may hold a path twice: the later one counts. Otherwise the path is free.
        if (written.has(first)) for (const name of file.names) rmSync(hostPath(root, name), { force: true });
        written.add(first);
        const fd = openSync(target, "wx", 0o600);
        return {
          data(chunk) {
            writeAll(fd, chunk);
            copied += chunk.length;
          },
          discard: () => closeSync(fd),
          end() {
            setUserXattrs(`${root}/${first}`, file.meta);
            fchmodSync(fd, file.meta.mode & FILE_MODE);
            closeSync(fd);
            setTimes(`${root}/${first}`, time ?? file.meta.mtime);
            for (const link of links) linkSync(target, hostPath(root, link));
          },
        };
      },
      () => context.progress("copying files", copied, undefined, false),
    );
  }
  context.progress("copying files", copied, copied, true);
}

function writeOther(entry: NodeMeta, root: string, time: Timestamp | undefined): void {
  const path = hostPath(root, entry.path);
  if (entry.type === "symlink") symlinkSync(encodePath(entry.link ?? ""), path);
  else {
    mknod(`${root}/${entry.path}`, S_IFIFO | 0o600);
    setUserXattrs(`${root}/${entry.path}`, entry);
    chmodSync(path, entry.mode & FILE_MODE);
  }
  setTimes(`${root}/${entry.path}`, time ?? entry.mtime);
}

/**
 * Sets the attributes that hold nothing but data. Others would give a file of the caller's
 * capabilities, or an access list with ids of the image.
 */
function setUserXattrs(path: string, meta: NodeMeta): void {
  const kept = Object.entries(meta.xattrs ?? {}).filter(([name]) => name.startsWith("user."));
  if (kept.length > 0) setXattrs(path, { ...meta, xattrs: Object.fromEntries(kept) });
}

/**
 * Returns the error for a path that is too long with the destination before it. Paths of images
 * alone are never too long.
 */
function pathTooLong(dest: string, cause: unknown): TsbuildError {
  const { path } = cause as { readonly path?: string | Buffer };
  const length = path === undefined ? undefined : Buffer.byteLength(path);
  const name = path === undefined ? "" : ` "${shortened(basename(String(path)))}"`;
  const found = length === undefined ? "" : ` (${length} bytes)`;
  return exportedPathTooLong(shortened(dest), name, found, cause);
}

function shortened(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 60)}…${text.slice(-30)}`;
}

/**
 * Returns the error for names that are equal to this file system: the directory was new and all
 * names differ.
 */
function nameCollision(dest: string, cause: unknown): TsbuildError {
  const { path, dest: link = path } = cause as { readonly path?: string | Buffer; readonly dest?: string | Buffer };
  const name = basename(String(link));
  return sameName(dest, name, cause);
}

/** Moves everything in `from` into `to`. Directories that are in both are merged. */
function moveInto(from: Buffer, to: Buffer): void {
  for (const entry of readdirSync(from, { withFileTypes: true, encoding: "buffer" })) {
    const source = child(from, entry.name);
    const target = child(to, entry.name);
    const there = lstatSync(target, { throwIfNoEntry: false });
    if (there !== undefined && entry.isDirectory()) {
      if (there.isDirectory()) {
        moveInto(source, target);
        rmdirSync(source);
        continue;
      }
      unlinkSync(target);
    } else if (there?.isDirectory()) removeTree(target);
    renameSync(source, target);
  }
}

/**
 * Sets attributes, modes and times of directories, children before their parents: a directory that
 * may no longer be entered protects its children. Takes parents before children.
 */
function finishDirectories(directories: readonly NodeMeta[], root: string, time: Timestamp | undefined): void {
  for (const directory of directories.toReversed()) {
    const path = `${root}/${directory.path}`;
    setUserXattrs(path, directory);
    chmodSync(hostPath(root, directory.path), directory.mode & DIR_MODE);
    setTimes(path, time ?? directory.mtime);
  }
}

/**
 * Returns the bytes of an image's path below a directory of the host. Its parts come from a TOC
 * tree, so none is `..` and none is a link.
 */
function hostPath(root: string, path: string): Buffer {
  return child(Buffer.from(root), encodePath(path));
}

function child(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from("/"), name]);
}
