import type { ErrorEntry } from "./entry.js";

export const CLI_ERRORS = {
  "cli/all-tags": {
    title: "A tag beside --all-tags",
    cause: "The reference names one tag, and --all-tags stands for every tag of a repository.",
    wayOut: "Name the repository alone, or leave out --all-tags.",
  },
  "cli/bad-value": {
    title: "A value that a flag does not take",
    cause:
      "The text of a flag, or of a variable such as TSBUILD_HISTORY, does not have the form that it needs. The message shows that form.",
    wayOut:
      'Correct the value. A flag with an empty value (`--target "$TARGET"`) counts as not given, except for flags that docker refuses then: `--platform`, `--tag`, `--label`, `--build-arg`, `--shm-size`, `--ulimit`.',
  },
  "cli/cache": {
    title: "A cache that cannot be read from its flag",
    cause: "`--cache-from` or `--cache-to` has no type, an unknown type or attribute, or a value that the attribute does not take.",
    wayOut: "See the types and their attributes in [caching](caching.md#between-machines).",
  },
  "cli/call": {
    title: "A method of --call that does not exist",
    cause: "`--call` names an unknown method, option or format, or two methods.",
    wayOut:
      "It is a method (`build`, `check`, `outline`, `targets`), with `format=text|json|sarif` and `ignorestatus=true` behind commas: `--call=check,format=json`.",
  },
  "cli/filter": {
    title: "A filter that cannot be read",
    cause: "`--filter` names an unknown key, or a value that is no age, pattern or KEY=VALUE.",
    wayOut: "The message lists the keys of this command, or shows an example.",
  },
  "cli/missing-value": {
    title: "A flag without its value",
    cause: "The flag is the last argument, and takes a value.",
    wayOut: "Give the value behind the flag, or with an equals sign.",
  },
  "cli/not-confirmed": {
    title: "Nobody to ask",
    cause: "The command removes things and asks first, but the standard input is no terminal.",
    wayOut: "Give `--force`.",
  },
  "cli/not-supported": {
    title: "A feature that is not built yet",
    cause:
      "The flag is part of docker's command line, and tsbuild does not do what it asks for. It is refused, because the result without it would be a different one.",
    wayOut: "Leave the flag out. The hint says how a build can go on.",
  },
  "cli/operands": {
    title: "A wrong number of arguments",
    cause: "The command takes fewer or more arguments.",
    wayOut: "The hint has the usage line; `tsbuild COMMAND --help` explains it.",
  },
  "cli/outputs": {
    title: "An output that cannot be read from its flag",
    cause: "`--output` has no type, an unknown type or attribute, no place where it needs one, or a terminal as its place.",
    wayOut: "See the types and their attributes in [outputs](outputs.md).",
  },
  "cli/progress": {
    title: "A form of progress that does not exist",
    cause: "`--progress` or BUILDKIT_PROGRESS names an unknown form, or stands beside `--quiet`.",
    wayOut: "Use auto, tty, plain, rawjson, quiet or none.",
  },
  "cli/template": {
    title: "A format that cannot be printed",
    cause: "`--format` is no template of Go's, or names a field that is not there.",
    wayOut: "The message names the place, and the hint the fields.",
  },
  "cli/terminal": {
    title: "A terminal in the place of a file",
    cause: "An archive would be read from or written to a terminal, or a question has nobody to answer it.",
    wayOut: "Redirect the stream, or give the answer as a flag.",
  },
  "cli/unknown-command": {
    title: "A command that does not exist",
    cause: "The word is neither a command nor a directory, or it is a command of docker's that tsbuild does not have.",
    wayOut: "`tsbuild --help` lists the commands.",
  },
  "cli/unknown-flag": {
    title: "A flag that does not exist",
    cause: "The command has no flag of that name.",
    wayOut: "The hint has the nearest name; `tsbuild COMMAND --help` lists the flags.",
  },
  "cli/usage": {
    title: "Flags that do not go together",
    cause: "Two flags exclude each other, or one needs another.",
    wayOut: "The message names them.",
  },
  "cli/engine": {
    title: "An engine that does not take the result",
    cause: "`--load=docker` and `--load=podman` hand the result to an engine of this machine. It does not answer, or refuses the image.",
    wayOut: "Start the engine, or leave the result in tsbuild's store with `--load` alone.",
  },
  "cli/write-failed": {
    title: "A result that could not be printed",
    cause: "The work is done; only printing it failed, because the standard output cannot be written to.",
    wayOut: "Look at where it leads: a full disk, for example.",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
