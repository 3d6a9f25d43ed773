import type { ErrorEntry } from "./entry.js";

export const LLB_ERRORS = {
  "llb/no-wire-form": {
    title: "A step that BuildKit's LLB cannot say",
    cause: "The build was to be written in the form that BuildKit solves, which has nothing for a part of this step.",
    wayOut: "Change the part that the message names, or build here.",
  },
  "llb/not-a-definition": {
    title: "Bytes that are no build definition",
    cause: "The file is not a `pb.Definition` of BuildKit, or a part of it is cut off or damaged.",
    wayOut:
      "Make it again with [`tsbuild debug llb -o FILE`](llb.md), or with a client of BuildKit (`buildctl build` reads the same bytes).",
  },
  "llb/not-solved": {
    title: "A part of a definition that is not solved here",
    cause:
      "A definition of BuildKit's may hold what tsbuild does not have, or what it does not take from others: places of this machine, other secrets than the usual ones. Nothing is left out in silence.",
    wayOut: "Make the definition without the part that the message names; [the list](llb.md#definitions-that-others-made) has all of them.",
  },
  "llb/directory-missing": {
    title: "A definition wants a directory that nobody gave",
    cause: "A definition names directories of its client. They are those that the command line gives, and no others.",
    wayOut: "Give the context as PATH, and other directories with `--build-context NAME=DIR`.",
  },
  "llb/option": {
    title: "An option that does not fit a definition",
    cause: "The option says something of a Dockerfile, and a definition is the result of one.",
    wayOut: "Leave the option out, or build the Dockerfile.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
