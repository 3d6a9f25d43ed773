import type { ErrorEntry } from "./entry.js";

export const STORE_ERRORS = {
  "store/blob-corrupt": {
    title: "A blob with wrong bytes",
    cause: "The bytes on the disk do not have the digest by which they are named.",
    wayOut: "The blob is removed: build again. Look at the disk when it happens twice.",
  },
  "store/blob-missing": {
    title: "A blob that is not in the store",
    cause: "The bytes of a layer are gone, and no registry is known for them.",
    wayOut: "Build again.",
  },
  "store/busy": {
    title: "A store that is locked",
    cause: "Another process holds the index locked for too long.",
    wayOut: "Look for a tsbuild that hangs.",
  },
  "store/digest-mismatch": {
    title: "Bytes with another digest",
    cause: "The bytes that came are not those that were announced.",
    wayOut: "Try again.",
  },
  "store/disk-full": {
    title: "No space left",
    cause: "The disk of the store is full.",
    wayOut: "`tsbuild prune` removes what is not needed; `--root` puts the store elsewhere.",
  },
  "store/foreign": {
    title: "A store of another user",
    cause: "The directory belongs to somebody else.",
    wayOut: "Name another with `TSBUILD_ROOT` or `--root`.",
  },
  "store/index-corrupt": {
    title: "An index that cannot be read",
    cause: "The database of the store is damaged.",
    wayOut: "The message says what was done about it; images whose files are whole stay.",
  },
  "store/io": {
    title: "A disk that fails",
    cause: "Reading or writing the index failed.",
    wayOut: "See the reason, and the kernel's log (dmesg).",
  },
  "store/layer-missing": {
    title: "A layer that is not in the store any more",
    cause: "Something removed it during the build.",
    wayOut: "Build again.",
  },
  "store/newer-format": {
    title: "A store of a newer tsbuild",
    cause: "Its schema is newer than this program knows.",
    wayOut: "Use that version, or another store.",
  },
  "store/not-a-directory": {
    title: "A path that is no directory",
    cause: "A part of the store's path is a file.",
    wayOut: "Name another with `TSBUILD_ROOT` or `--root`.",
  },
  "store/not-private": {
    title: "A place for the store that others could write",
    cause:
      "This user has no home and names no store, so the store is `tsbuild-UID` under `$TMPDIR`. There that name belongs to somebody else, or nothing can be made there.",
    wayOut: "Name another place with `TSBUILD_ROOT` or `--root`.",
  },
  "store/path-too-long": {
    title: "A store whose path is too long",
    cause: "SQLite, which keeps the store's index, opens no file with a longer path.",
    wayOut: "Name a directory with a shorter path with `TSBUILD_ROOT` or `--root`.",
  },
  "store/not-writable": {
    title: "A store that cannot be written",
    cause: "This user may not write there, or the file system is read-only.",
    wayOut: "Name another with `TSBUILD_ROOT` or `--root`.",
  },
  "history/ambiguous": {
    title: "An id that fits several builds",
    cause: "More than one build has an id that begins so.",
    wayOut: "Give more of the id.",
  },
  "history/not-found": {
    title: "A build that is not recorded",
    cause: "No recorded build has that id or place.",
    wayOut: "`tsbuild builds` lists them.",
  },
  "history/not-recorded": {
    title: "A warning: a build that was not recorded",
    cause: "The build itself has succeeded. The store is full or cannot be written, for example.",
    wayOut: "See [builds of the past](caching.md#builds-of-the-past).",
  },
  "history/step-ambiguous": {
    title: "A name that fits several steps",
    cause: "More than one step of the build has that text.",
    wayOut: "Give its number.",
  },
  "history/step-not-found": {
    title: "A step that the build did not have",
    cause: "No step has that number or text.",
    wayOut: "The hint says which steps there are.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
