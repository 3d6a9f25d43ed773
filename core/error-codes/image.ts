import type { ErrorEntry } from "./entry.js";

export const IMAGE_ERRORS = {
  "image/corrupt": {
    title: "An archive with wrong bytes",
    cause: "A blob does not have the digest by which it is named.",
    wayOut: "Make the archive again.",
  },
  "image/diffid-mismatch": {
    title: "A layer that differs from the config",
    cause: "The content of a layer has another digest than the image's config.",
    wayOut: "The image is broken: build or push it again.",
  },
  "image/incomplete": {
    title: "An image with missing parts",
    cause: "A manifest, config or layer is not there.",
    wayOut: "Pull the image again.",
  },
  "image/invalid": {
    title: "An image that cannot be read",
    cause: "A document of the image is malformed, too large, or contradicts another.",
    wayOut: "The image is broken: build or push it again.",
  },
  "image/no-platform": {
    title: "An image without this platform",
    cause: "The image has no manifest for the platform that is built.",
    wayOut: "The hint lists its platforms; `--platform` chooses one.",
  },
  "image/not-an-image": {
    title: "A name that leads to no image",
    cause: "The manifest is of something else, such as a chart.",
    wayOut: "Name an image.",
  },
  "image/not-local": {
    title: "A base that the store does not have",
    cause: "`--pull=never` takes only what is in the store.",
    wayOut: "Pull it, or leave out `--pull=never`.",
  },
  "image/schema1": {
    title: "An image in Docker's schema 1",
    cause: "That format is no longer supported.",
    wayOut: "Push the image again with a current tool.",
  },
  "image/many-layers": {
    title: "A warning: many layers",
    cause:
      "tsbuild builds on any number of layers, and writes and pushes such images. Engines with overlay2, docker among them, run at most 127.",
    wayOut: "Join RUN and COPY instructions, or copy the result into a new stage.",
  },
  "images/all-tags": {
    title: "A tag where all are meant",
    cause: "The reference names one tag.",
    wayOut: "Name the repository alone.",
  },
  "images/ambiguous": {
    title: "An id that fits several images",
    cause: "More than one image has an id that begins so.",
    wayOut: "Give more of the id.",
  },
  "images/corrupt-archive": {
    title: "An archive that cannot be read",
    cause: "Its compressed bytes are damaged or cut off.",
    wayOut: "Make it again.",
  },
  "images/no-such-file": {
    title: "An archive that is not there",
    cause: "There is no such file.",
    wayOut: "Correct the path.",
  },
  "images/no-tags": {
    title: "A repository without tags",
    cause: "The registry lists no tag.",
    wayOut: "Push one, or name a digest.",
  },
  "images/not-an-archive": {
    title: "A file that is no archive of images",
    cause: "It is neither a docker archive nor an OCI layout, or holds no image.",
    wayOut: "Make it with `docker save` or `tsbuild save`.",
  },
  "images/not-found": {
    title: "An image that the store does not have",
    cause: "No image has that name, id or digest.",
    wayOut: "`tsbuild images` lists them; `tsbuild pull` fetches one.",
  },
  "images/nothing-to-save": {
    title: "No image to save",
    cause: "`save` needs at least one image.",
    wayOut: "Name it.",
  },
  "images/push-needs-name": {
    title: "An image without a name to push",
    cause: "Only a name says which registry is meant.",
    wayOut: "`tsbuild tag ID NAME`.",
  },
  "images/several-names": {
    title: "An image with several names",
    cause: "Removing by id would remove all of them.",
    wayOut: "Name one, or give `--force`.",
  },
  "images/unreadable": {
    title: "An archive that cannot be read",
    cause: "This user may not read the file.",
    wayOut: "Change its rights.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
