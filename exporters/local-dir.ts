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
  writeSync,
} from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { checkDirectoryDestination } from "../core/system/destination.js";
import { systemErrorCode, TsbuildError } from "../core/errors.js";
import { makeDirectory } from "../core/system/make-directory.js";
import { removeAbandoned, temporaryName } from "../core/system/temporary-files.js";
import { setTimes } from "../oci/layer/read/set-metadata.js";
import type { NodeMeta, Timestamp } from "../core/file-node.js";
import { encodePath } from "../core/system/path-bytes.js";
import { removeTree } from "../core/system/remove-tree.js";
import { systemReason } from "../core/system/system-reason.js";
import type { ExportContext, ExportImage, Exporter } from "./exporter.js";
import { requireLayers } from "./require-layers.js";
import { streamFiles } from "./layer-stream.js";
import { planImages, platformFolders, type RootfsPlan } from "./rootfs-plan.js";

/** Setuid and setgid bits would now stand for the caller, who never agreed to that. */
const FILE_MODE = 0o777;
const DIR_MODE = 0o1777;

/**
 * `type=local`: the files of the root filesystem in a directory, owned by the caller; several platforms in a folder each, or as `platformSplit` says. Other
 * files in the directory stay. Devices and fifos are left out, as are owners, xattrs and setuid bits. All is written to a hidden directory first and moved
 * into place once it is whole; symbolic links that are already there are replaced, never followed.
 */
export function localDirectory(options: { readonly dest: string; readonly platformSplit?: boolean }): Exporter {
  const dest = resolve(options.dest);
  return {
    name: "exporting to client directory",
    async export(request, context) {
      const time = request.epoch === undefined ? undefined : { sec: Math.floor(request.epoch / 1000), nsec: 0 };
      requireLayers(request, context);
      checkDirectoryDestination(options.dest);
      try {
        const exists = statSync(dest, { throwIfNoEntry: false });
        // In place of a new directory the whole is renamed; in an existing one it must be on the same filesystem.
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
            await writeFiles(image, plans[index] as RootfsPlan, { root, time, context }).catch((error: unknown) => {
              throw systemErrorCode(error) === "EEXIST" ? nameCollision(options.dest, error) : error;
            });
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
        throw new TsbuildError("export/write-failed", `Cannot export files to "${options.dest}": ${systemReason(cause)}`, { cause });
      }
      return { metadata: {} };
    },
  };
}

/** Writes an image's files below `root`, a directory of ours. Directories stay writable until {@link finishDirectories}. */
async function writeFiles(
  image: ExportImage,
  plan: RootfsPlan,
  { root, time, context }: { readonly root: string; readonly time: Timestamp | undefined; readonly context: ExportContext },
): Promise<void> {
  for (const { path } of plan.directories) mkdirSync(hostPath(root, path), 0o700);
  for (const entry of plan.others) {
    if (entry.type !== "symlink") continue;
    const path = hostPath(root, entry.path);
    symlinkSync(encodePath(entry.link ?? ""), path);
    setTimes(`${root}/${entry.path}`, time ?? entry.mtime);
  }
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
        // A tar may hold a path twice: the later one counts. Otherwise nothing is there.
        if (written.has(first)) for (const name of file.names) rmSync(hostPath(root, name), { force: true });
        written.add(first);
        const fd = openSync(target, "wx", 0o600);
        return {
          data(chunk) {
            for (let offset = 0; offset < chunk.length; ) offset += writeSync(fd, chunk, offset);
            copied += chunk.length;
          },
          discard: () => closeSync(fd),
          end() {
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

/** The directory was new and the names are all different, but not to this file system. */
function nameCollision(dest: string, cause: unknown): TsbuildError {
  const { path, dest: link = path } = cause as { readonly path?: string | Buffer; readonly dest?: string | Buffer };
  const name = basename(String(link));
  return new TsbuildError(
    "export/name-collision",
    `Cannot export files to "${dest}": on this file system "${name}" is the same as another name of the image`,
    {
      cause,
      hint: "Choose a directory on a file system that tells upper and lower case apart, or write an archive with -o type=tar",
    },
  );
}

/** Moves everything in `from` into `to`; directories that are in both become one. */
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

/** Takes parents before children, and goes through them from the end: a directory that may not be entered any more keeps what is below it. */
function finishDirectories(directories: readonly NodeMeta[], root: string, time: Timestamp | undefined): void {
  for (const { path, mode, mtime } of directories.toReversed()) {
    const target = hostPath(root, path);
    chmodSync(target, mode & DIR_MODE);
    setTimes(`${root}/${path}`, time ?? mtime);
  }
}

/** Bytes of a path in the image below a directory of the host. Its parts come from a TOC tree, so none is `..` and none is a link. */
function hostPath(root: string, path: string): Buffer {
  return child(Buffer.from(root), encodePath(path));
}

function child(directory: Buffer, name: Buffer): Buffer {
  return Buffer.concat([directory, Buffer.from("/"), name]);
}
