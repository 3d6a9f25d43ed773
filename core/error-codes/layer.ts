import type { ErrorEntry } from "./entry.js";

export const LAYER_ERRORS = {
  "layer/bad-hardlink": {
    title: "A hard link to nothing",
    cause: "A layer links to a path that is no file of the layer before it.",
    wayOut: "The image is broken: build it again.",
  },
  "layer/bad-whiteout": {
    title: "A whiteout that leads out",
    cause: "A layer deletes something outside its own directory.",
    wayOut: "The image is broken: build it again.",
  },
  "layer/corrupt": {
    title: "Compressed bytes that cannot be read",
    cause: "A layer or archive is damaged or cut off.",
    wayOut: "Fetch or make it again.",
  },
  "layer/decompressor-missing": {
    title: "A program that is not installed",
    cause: "The archive needs a program such as bzip2, which is not here.",
    wayOut: "Install it, or pack the archive with gzip, xz or zstd.",
  },
  "layer/file-changed": {
    title: "A file that changed while it was packed",
    cause: "Something wrote the file during the build.",
    wayOut: "Build again when it is at rest.",
  },
  "layer/file-missing": {
    title: "A file that the layer does not hold",
    cause: "Something asked for a path that is not in the layer.",
    wayOut: "Please report it.",
  },
  "layer/file-unreadable": {
    title: "A file that cannot be packed",
    cause: "The file cannot be read.",
    wayOut: "See the reason.",
  },
  "layer/invalid-level": {
    title: "A level that the compression does not have",
    cause: "gzip has levels from 0 to 9, zstd from 1 to 22.",
    wayOut: "Correct `compression-level`.",
  },
  "layer/name-collision": {
    title: "Two names that are one here",
    cause: "The file system of the store ignores case or normalizes names.",
    wayOut: "Put the store on a file system that does not.",
  },
  "layer/name-too-long": {
    title: "A name that is too long",
    cause: "A part of a path has more than 255 bytes, or all of it more than 4,095.",
    wayOut: "Use a shorter name.",
  },
  "layer/pack-failed": {
    title: "A layer that could not be packed",
    cause: "Reading the files or writing the blob failed.",
    wayOut: "See the reason.",
  },
  "layer/parent-not-directory": {
    title: "A path below a file",
    cause: "A layer has a path below something that is no directory.",
    wayOut: "The image is broken: build it again.",
  },
  "layer/path-too-long": {
    title: "A path that is too long here",
    cause: "The path fits into a layer, but not behind the directory of the store.",
    wayOut: "Put the store at a shorter path.",
  },
  "layer/reserved-name": {
    title: "A name that means a deleted file",
    cause: "Names that start with `.wh.` mean deleted files in layers.",
    wayOut: "Use another name.",
  },
  "layer/symlink-loop": {
    title: "Links in a circle",
    cause: "Following symbolic links does not end.",
    wayOut: "Correct the links.",
  },
  "layer/too-large": {
    title: "A layer or archive that unpacks to too much",
    cause: "A kilobyte of a compressed archive can stand for a terabyte, so there is a limit.",
    wayOut: "Raise `--max-unpacked-size` for images that you trust.",
  },
  "layer/unpack-failed": {
    title: "A layer that could not be unpacked",
    cause: "Writing a file of the layer failed.",
    wayOut: "See the reason.",
  },
  "layer/zstd-unsupported": {
    title: "zstd that this Node does not have",
    cause: "Node compresses with zstd from 22.15 on.",
    wayOut: "Use gzip, or a newer Node.",
  },
  "tar/invalid": {
    title: "An archive that cannot be read",
    cause: "The bytes at this place are no tar header, or one that is not allowed.",
    wayOut: "Make the archive again.",
  },
  "tar/truncated": {
    title: "An archive that is cut off",
    cause: "It ends in the middle of something.",
    wayOut: "Fetch or make it again.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
