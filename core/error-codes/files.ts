import type { ErrorEntry } from "./entry.js";

export const FILES_ERRORS = {
  "copy/archive-escapes": {
    title: "An archive that leads out of its directory",
    cause: "A path of the archive goes up beyond the directory it is unpacked into.",
    wayOut: "Pack the archive without such paths, or unpack it in a RUN step.",
  },
  "copy/archive-link": {
    title: "A hard link of an archive to nothing",
    cause: "The archive links to a file that it does not hold before.",
    wayOut: "Pack the archive again.",
  },
  "copy/bad-pattern": {
    title: "A pattern that cannot be read",
    cause: "Its brackets or escapes are not closed.",
    wayOut: "Close them, or escape them with a backslash.",
  },
  "copy/invalid-mode": {
    title: "A malformed mode",
    cause: "The mode is neither octal digits up to 7777 nor chmod's symbolic form.",
    wayOut: "For example `0755` or `u=rwX,go=rX`.",
  },
  "copy/invalid-owner": {
    title: "A malformed id",
    cause: "Ids are whole numbers from 0 to 4294967294.",
    wayOut: "Correct the id.",
  },
  "copy/is-a-directory": {
    title: "A directory where a file is to be",
    cause: "The destination is a directory of the image.",
    wayOut: "Choose another path, or remove the directory in a RUN step before.",
  },
  "copy/no-match": {
    title: "A pattern that nothing matches",
    cause: "No path of the source matches.",
    wayOut: "Correct the pattern; .dockerignore counts as well.",
  },
  "copy/not-a-directory": {
    title: "Several sources for one file",
    cause: "Several sources need a directory as their destination, and it is a file.",
    wayOut: "End the destination with a slash, and choose a path that is no file.",
  },
  "copy/parent-not-a-directory": {
    title: "A file where a directory is to be",
    cause: "A part of the destination's path is a file of the image.",
    wayOut: "Choose another path.",
  },
  "copy/source-not-found": {
    title: "A source that is not there",
    cause: "There is no such path in the source, an ignore file excludes it, or it is a link to nothing.",
    wayOut: "The message says which, and the hint has the nearest name.",
  },
  "copy/unknown-group": {
    title: "A group that does not exist",
    cause: "The image's /etc/group has no group of that name.",
    wayOut: "Make it in an earlier step, or give a number.",
  },
  "copy/unknown-user": {
    title: "A user that does not exist",
    cause: "The image's /etc/passwd has no user of that name.",
    wayOut: "Make it in an earlier step, or give a number.",
  },
  "copy/user-database": {
    title: "A user database that is too large",
    cause: "The image's /etc/passwd or /etc/group is larger than tsbuild reads.",
    wayOut: "Give owners as numbers.",
  },
  "file/exists": {
    title: "A path that exists already",
    cause: "The path of a new file exists already.",
    wayOut: "Choose another path.",
  },
  "file/invalid-path": {
    title: "A path that no layer can hold",
    cause: "The path has a form that layers do not take.",
    wayOut: "Choose another path.",
  },
  "file/not-found": {
    title: "A path that is not there",
    cause: "The path to remove does not exist.",
    wayOut: "Correct the path.",
  },
  "file/parent-missing": {
    title: "A directory that is not there",
    cause: "The directory above the path does not exist.",
    wayOut: "Make it before.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
