import type { ErrorEntry } from "./entry.js";

export const EXPORT_ERRORS = {
  "export/is-directory": {
    title: "A directory where a file is to be",
    cause: "The destination is a directory.",
    wayOut: "Name a file in it.",
  },
  "export/layer-missing": {
    title: "A layer that is not in the store",
    cause: "The layer was removed during the build.",
    wayOut: "Build again.",
  },
  "export/name-collision": {
    title: "Two names that are one here",
    cause: "The file system of the destination ignores case or normalizes names.",
    wayOut: "Export to a tar, or to another file system.",
  },
  "export/no-directory": {
    title: "A directory that is not there",
    cause: "The directory of the destination does not exist.",
    wayOut: "Make it.",
  },
  "export/no-index": {
    title: "An annotation for an index that is not made",
    cause: "An image for a single platform has none.",
    wayOut: "Annotate the manifest, or build for several platforms.",
  },
  "export/no-name": {
    title: "An image without a name to push",
    cause: "Only a name says which registry is meant.",
    wayOut: "Give `-t`, or `name=`.",
  },
  "export/not-a-directory": {
    title: "A path that is no directory",
    cause: "The destination is a file, and a directory is needed.",
    wayOut: "Name a directory.",
  },
  "export/not-a-layout": {
    title: "A directory with other files",
    cause: "A layout is written into an empty directory, or one that holds a layout already.",
    wayOut: "Name another directory.",
  },
  "export/path-too-long": {
    title: "A path that is too long here",
    cause: "The paths of the image fit, but not behind the path of the destination.",
    wayOut: "Choose a directory with a shorter path, or type=tar.",
  },
  "export/platform-conflict": {
    title: "A file that two platforms have",
    cause: "`platform-split=false` puts the files of all platforms into one place.",
    wayOut: "Leave it out: each platform gets a directory.",
  },
  "export/several-platforms": {
    title: "Several platforms in a docker archive",
    cause: "A docker archive holds one image.",
    wayOut: "Use type=oci, or build for one platform.",
  },
  "export/unwritable": {
    title: "A destination that cannot be written",
    cause: "This user may not write there.",
    wayOut: "Name another place.",
  },
  "export/write-failed": {
    title: "A destination that failed",
    cause: "Writing failed: a full disk, for example.",
    wayOut: "See the reason. The earlier content is unchanged.",
  },
  "layout/blob-corrupt": {
    title: "A blob of a layout with wrong bytes",
    cause: "The bytes do not have the length or digest that the layout says.",
    wayOut: "Make the layout again.",
  },
  "layout/blob-missing": {
    title: "A blob that a layout does not have",
    cause: "The layout names a blob that is not in it.",
    wayOut: "Make the layout again.",
  },
  "layout/invalid-reference": {
    title: "A malformed digest of a layout",
    cause: "The text behind the @ is no digest.",
    wayOut: "Give `sha256:` and 64 hexadecimal digits, or a tag behind a colon.",
  },
  "layout/no-image": {
    title: "An image that a layout does not have",
    cause: "The layout has no image of that tag or digest, or several without one.",
    wayOut: "The hint lists its tags.",
  },
  "layout/not-found": {
    title: "A layout that is not there",
    cause: "The directory does not exist, or is no OCI layout.",
    wayOut: "Correct the path.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
