import { type AnyCode, systemErrorCode, TsbuildError } from "../../../core/errors.js";
import { isOutOfDescriptors, outOfDescriptors } from "../../../core/system/descriptors.js";
import { diskFull } from "../../../core/system/errors.js";
import { systemReason } from "../../../core/system/system-reason.js";

/** Errors of reading, writing and unpacking a layer, one function each. */

export function corruptLayer(blob: string, problem: string, cause?: unknown): TsbuildError {
  return new TsbuildError("layer/corrupt", `Cannot decompress "${blob}": ${problem}`, {
    hint: "The file is damaged or incomplete; remove it and fetch it again",
    ...(cause === undefined ? {} : { cause }),
  });
}

export function decompressorMissing(blob: string, format: string, command: string): TsbuildError {
  const node = format === "zstd" ? "Run tsbuild on Node 22.15 or newer, or install" : "Install";
  return new TsbuildError(
    "layer/decompressor-missing",
    `Cannot read "${blob}": it is compressed with ${format}, which needs the program "${command}"`,
    {
      hint: `${node} ${command} so that it is found in PATH`,
    },
  );
}

export function zstdUnsupported(): TsbuildError {
  return new TsbuildError("layer/zstd-unsupported", `Cannot compress with zstd: Node ${process.versions.node} has no zstd`, {
    hint: "Run tsbuild on Node 22.15 or newer, or choose compression=gzip",
  });
}

export function invalidLevel(type: string, level: number, range: string): TsbuildError {
  return new TsbuildError("layer/invalid-level", `Cannot compress with ${type} at level ${level}: expected ${range}`, {
    hint: `Choose compression-level=${range}`,
  });
}

export function fileChanged(path: string, found: string): TsbuildError {
  return new TsbuildError("layer/file-changed", `Cannot pack "${path}": ${found} while the build ran`, {
    hint: "Build again when nothing writes to the context any more",
  });
}

export function fileUnreadable(path: string, cause: Error): TsbuildError {
  if (isOutOfDescriptors(cause)) return outOfDescriptors(`Cannot pack "${path}"`, cause);
  return new TsbuildError("layer/file-unreadable", `Cannot pack "${path}": ${systemReason(cause)}`, {
    hint: "Make the file readable for the user that builds, or leave it out with .dockerignore",
    cause,
  });
}

export function reservedName(path: string): TsbuildError {
  return new TsbuildError("layer/reserved-name", `Cannot put "${path}" in a layer: names that start with ".wh." mean deleted files there`, {
    hint: "Remove or rename it before the step ends",
  });
}

export function badWhiteout(name: string): TsbuildError {
  return hostile("layer/bad-whiteout", `Cannot read the layer: "${name}" deletes no file below its own directory`);
}

export function badHardlink(name: string, target: string): TsbuildError {
  return hostile(
    "layer/bad-hardlink",
    `Cannot read the layer: "${name}" is a hard link to "${target}", which is no file of the layer before it`,
  );
}

export function nameTooLong(name: string): TsbuildError {
  const shown = name.length > 80 ? `${name.slice(0, 77)}...` : name;
  return hostile(
    "layer/name-too-long",
    `Cannot read the layer: the name "${shown}" is longer than a filesystem takes (255 bytes a part, 4,095 in all)`,
  );
}

export function parentNotDirectory(name: string, parent: string): TsbuildError {
  return hostile("layer/parent-not-directory", `Cannot read the layer: "${name}" is below "${parent}", which is no directory`);
}

export function symlinkLoop(path: string, limit: number): TsbuildError {
  return new TsbuildError("layer/symlink-loop", `Cannot follow "${path}": more than ${limit} symbolic links on the way`, {
    hint: "Look for a link that leads back to itself",
  });
}

export function fileMissing(blob: string, path: string): TsbuildError {
  return new TsbuildError("layer/file-missing", `Cannot read "${path}" from the layer "${blob}": it holds no such file`, {
    hint: "The layer differs from its table of contents; remove it from the store with `tsbuild prune` and build again",
  });
}

export function unpackFailed(blob: string, dest: string, cause: Error): TsbuildError {
  const attempted = `Cannot unpack "${blob}" into "${dest}"`;
  if (systemErrorCode(cause) === "ENAMETOOLONG") return pathTooLong(`${attempted}: a path in it`, cause);
  return (
    diskFull(attempted, cause) ?? new TsbuildError("layer/unpack-failed", `${attempted}: ${cause.message}`, { hint: ioHint(cause), cause })
  );
}

/**
 * Returns the error for a name that exists already. Every path of a layer is new, so the file
 * system takes another name for the same.
 */
export function nameCollision(blob: string, path: string): TsbuildError {
  return new TsbuildError(
    "layer/name-collision",
    `Cannot unpack "${blob}": on this file system "${path}" is the same as another name of the layer`,
    {
      hint: "The store needs a directory that distinguishes upper and lower case: choose one with TSBUILD_ROOT, or turn it on with `chattr -F` while it is empty",
    },
  );
}

/**
 * Returns the error for directories that are nested deeper than a system call can name. `path` is
 * the first half of the sentence.
 */
export function pathTooLong(path: string, cause: unknown): TsbuildError {
  return new TsbuildError(
    "layer/path-too-long",
    `${path} is longer than the 4095 bytes that the system takes, with the store's directory in front`,
    {
      hint: "Leave fewer directories inside each other",
      cause,
    },
  );
}

export function packFailed(out: string, cause: Error): TsbuildError {
  const attempted = `Cannot write the layer "${out}"`;
  return (
    diskFull(attempted, cause) ?? new TsbuildError("layer/pack-failed", `${attempted}: ${cause.message}`, { hint: ioHint(cause), cause })
  );
}

function ioHint(cause: Error): string {
  switch (systemErrorCode(cause)) {
    case "EPERM":
    case "EACCES":
      return "Look at the owner and mode of the path, and at `tsbuild doctor` for what this system allows";
    default:
      return "Look at the path and its filesystem";
  }
}

function hostile(code: AnyCode, message: string): TsbuildError {
  return new TsbuildError(code, message, { hint: "The image is damaged or was made to do harm; do not use it" });
}

export function tooLarge(name: string, limit: number): TsbuildError {
  return new TsbuildError("layer/too-large", `Cannot unpack "${name}": it unpacks to more than ${limit} bytes`, {
    hint: "When it is as large as that, allow more: --max-unpacked-size (library: maxUnpackedSize)",
  });
}
