import type { ErrorEntry } from "./entry.js";

export const OPTIONS_ERRORS = {
  "options/annotation": {
    title: "An annotation that cannot be added",
    cause: "The key cannot be read, or names a platform that is not built.",
    wayOut: "The key is `KEY`, or `LEVEL:KEY` with manifest, index, manifest-descriptor, index-descriptor, or `manifest[os/arch]`.",
  },
  "options/idle": {
    title: "A warning: options that change nothing",
    cause: "An option names a stage or asks for cache mounts that the build does not have, or it is docker's and means nothing here.",
    wayOut: "Correct the name, or leave the option out.",
  },
  "options/invalid": {
    title: "A value that an option does not take",
    cause: "The value is of another type, out of its range, or contradicts another option.",
    wayOut:
      "An extra host is `NAME:IP` or `NAME=IP`, with several addresses behind commas, IPv6 ones also in brackets, or `NAME:host-gateway` for this machine. A ulimit is `NAME=SOFT[:HARD]` with a name of setrlimit(2) (`nofile`, `nproc`, …), numbers up to 9223372036854775807, or -1 for no limit. Sizes are whole bytes, jobs a whole number from 1.",
  },
  "options/tagged-digest": {
    title: "A tag where only the digest is to lead",
    cause: "The image is pushed by its digest, and its name has a tag.",
    wayOut: "Leave out the tag, or push-by-digest.",
  },
  "options/unknown": {
    title: "An option that does not exist",
    cause: "The library has no option of that name.",
    wayOut: "The hint has the nearest name; [options](options.md) lists them.",
  },
  "reference/invalid": {
    title: "A name that no image can have",
    cause: "The reference is not of the form `[host[:port]/]path[:tag][@digest]`, in lower case.",
    wayOut: "The message says which part is wrong.",
  },
  "platform/invalid": {
    title: "A malformed platform",
    cause: "The text is not of the form `os/arch[/variant]`.",
    wayOut: "For example `linux/amd64` or `linux/arm/v7`.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
