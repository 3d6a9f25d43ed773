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

/** Errors of builds that a BuildKit solves. */
export const BUILDER_ERRORS = {
  "builder/address": {
    title: "An address of a builder that cannot be used",
    cause: "The value of `--builder`, or of the variable in its place, is no address of a BuildKit.",
    wayOut: "Give one of [the kinds of addresses](builders.md#addresses).",
  },
  "builder/unreachable": {
    title: "A builder that cannot be reached",
    cause: "Nothing answers at the address, the answer is not that of a BuildKit, or the program that leads there has failed.",
    wayOut: "See that the builder runs there and that this user may reach it, or add another address behind a comma.",
  },
  "builder/lost": {
    title: "The connection to a builder was lost",
    cause: "The builder, or something between it and this machine, ended the connection while the build ran.",
    wayOut: "Build again: finished steps are in the builder's cache.",
  },
  "builder/protocol": {
    title: "A builder that breaks the protocol",
    cause: "The builder sent a message that is cut off, too large or not what was asked for, or asked for files that it was not given.",
    wayOut: "Use a builder that you trust, of a version that you know. Nothing outside of what was given has left this machine.",
  },
  "builder/refused": {
    title: "A builder that refuses the build",
    cause: "The builder answered with an error that belongs to no step of the Dockerfile.",
    wayOut: "The message is the builder's own.",
  },
  "builder/step-failed": {
    title: "A step that failed on a builder",
    cause: "A step that is no command failed there: a file to copy is missing, an image or a download cannot be had.",
    wayOut: "The message is the builder's own; the step is the one that the message stands under.",
  },
  "builder/skipped": {
    title: "A builder of a list that was passed over",
    cause: "It could not be reached, and the next one of the list was taken.",
    wayOut: "Nothing is wrong with the build. Take the address out of the list if it is gone for good.",
  },
  "builder/unsupported": {
    title: "An option that works only where the build runs here",
    cause: "The option is about steps on this machine, or needs what BuildKit does not have.",
    wayOut: "Leave the option out, or build without `--builder`.",
  },
  "builder/no-platform": {
    title: "No builder for a platform",
    cause: "Every `--builder` is for certain platforms, and none of them is for this one.",
    wayOut: "Add `--builder PLATFORM=ADDRESS`, or an address without a platform for all others.",
  },
  "builder/result": {
    title: "A result of a builder that is not complete",
    cause: "The builder said that the build had succeeded, but what it sent is no image with the layers of the Dockerfile.",
    wayOut: "Build again. If it stays so, the builder is of a version that tsbuild does not know.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;

/** Errors of `tsbuild serve`. */
export const SERVER_ERRORS = {
  "server/address": {
    title: "An address that cannot be served",
    cause: "The value of `--addr` is no address of a socket, or it is a TCP port that anybody could use.",
    wayOut: "Give `unix://PATH`, or `tcp://HOST:PORT` with the three files of [TLS](serve.md#over-the-network).",
  },
  "server/socket": {
    title: "A socket that cannot be made",
    cause: "Another server listens there, a file is in the way, or the system refuses it.",
    wayOut: "Name another one with `--addr`, or end the other server.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
