import type { ErrorEntry } from "./entry.js";

export const DOCKERFILE_ERRORS = {
  "dockerfile/before-from": {
    title: "An instruction before the first FROM",
    cause: "Only ARG is allowed before the first FROM.",
    wayOut: "Move it behind FROM.",
  },
  "dockerfile/blank-name": {
    title: "An empty name",
    cause: "ARG, ENV or LABEL has a name that is empty.",
    wayOut: "Give it a name.",
  },
  "dockerfile/checksum-source": {
    title: "--checksum without one source to check",
    cause: "--checksum is for exactly one source, which is a URL or a Git repository.",
    wayOut: "Split the instruction, or leave out --checksum.",
  },
  "dockerfile/empty-base": {
    title: "FROM names nothing",
    cause: "The name of the base expands to an empty text.",
    wayOut: "Give the argument a value or a default: `${BASE:-alpine}`.",
  },
  "dockerfile/empty-platform": {
    title: "--platform names nothing",
    cause: "The value expands to an empty text.",
    wayOut: "Give the argument a value, or leave out --platform.",
  },
  "dockerfile/empty-volume": {
    title: "A volume without a path",
    cause: "VOLUME has an empty path.",
    wayOut: "Give it a path.",
  },
  "dockerfile/expansion": {
    title: "A variable that cannot be expanded",
    cause: "The expression is not closed, its modifier is unknown, or it asks for an error where the variable is empty.",
    wayOut: "The message shows the expression. Write `\\$` for a plain dollar sign.",
  },
  "dockerfile/flag-value": {
    title: "A flag with a wrong value",
    cause: "The flag of the instruction needs a value, takes none, or takes others.",
    wayOut: "The hint lists the values.",
  },
  "dockerfile/from-form": {
    title: "FROM that cannot be read",
    cause: "FROM takes an image, or an image, AS and a name.",
    wayOut: "For example `FROM alpine:3 AS build`.",
  },
  "dockerfile/from-variable": {
    title: "A variable where none is expanded",
    cause: "The place decides which stages there are, before variables have values.",
    wayOut: "Write the name, or an ARG before the first FROM as the base of a stage of its own.",
  },
  "dockerfile/healthcheck-type": {
    title: "HEALTHCHECK that cannot be read",
    cause: "It has neither CMD nor NONE, or NONE with arguments.",
    wayOut: "For example `HEALTHCHECK CMD curl -f localhost`.",
  },
  "dockerfile/heredoc-destination": {
    title: "A heredoc as a destination",
    cause: "The destination of COPY or ADD is a path.",
    wayOut: "Put the heredoc among the sources.",
  },
  "dockerfile/invalid-check": {
    title: "A check directive that cannot be read",
    cause: "`# check=` has an option that does not exist, or no value.",
    wayOut: "Its options are skip, error and experimental: see [checks](lint/README.md#turning-rules-on-and-off).",
  },
  "dockerfile/invalid-checksum": {
    title: "A malformed checksum",
    cause: "--checksum takes a digest, and for Git a commit.",
    wayOut: "For example `sha256:` and 64 hexadecimal digits.",
  },
  "dockerfile/invalid-chmod": {
    title: "A malformed mode",
    cause: "--chmod takes octal digits, or the symbolic form of chmod.",
    wayOut: "For example `0755` or `u=rwX,go=rX`.",
  },
  "dockerfile/invalid-chown": {
    title: "A malformed owner",
    cause: "--chown takes a user, and a group behind a colon.",
    wayOut: "For example `--chown=app:app`.",
  },
  "dockerfile/invalid-count": {
    title: "A malformed number",
    cause: "The flag takes a whole number of at least 0.",
    wayOut: "Correct the number.",
  },
  "dockerfile/invalid-device": {
    title: "A device that cannot be read",
    cause: "--device has a key that does not exist, or no name.",
    wayOut: "For example `--device=vendor.com/class=name`.",
  },
  "dockerfile/invalid-duration": {
    title: "A malformed duration",
    cause: "The flag takes a duration as Go writes it.",
    wayOut: "For example `30s` or `1m30s`.",
  },
  "dockerfile/invalid-epoch": {
    title: "SOURCE_DATE_EPOCH that cannot be used",
    cause: "It is neither a number of seconds, nor context, nor a stage or named context that has a time.",
    wayOut: "Give seconds since 1970, or `context`.",
  },
  "dockerfile/invalid-escape": {
    title: "An escape character that does not exist",
    cause: "`# escape=` takes a backslash or a backtick.",
    wayOut: "Use one of these.",
  },
  "dockerfile/invalid-git": {
    title: "An address of a repository that cannot be read",
    cause: "ADD or a context names a repository with a mistake.",
    wayOut: "The form is `https://host/path.git#ref:directory`.",
  },
  "dockerfile/invalid-heredoc": {
    title: "An end marker that cannot be read",
    cause: "The word behind `<<` has a quote that is not closed.",
    wayOut: 'For example `<<EOF` or `<<"EOF"`.',
  },
  "dockerfile/invalid-ignore-pattern": {
    title: "A pattern that cannot be read",
    cause: "A line of the ignore file has brackets or escapes that are not closed.",
    wayOut: "Correct the line that the message shows.",
  },
  "dockerfile/invalid-mount": {
    title: "A mount that cannot be used",
    cause: "--mount has an unknown key or type, a key that is not for its type, or a value that the key does not take.",
    wayOut: "The hint says what is meant; the types are in [Dockerfile support](dockerfile-support.md).",
  },
  "dockerfile/invalid-platform": {
    title: "A malformed platform",
    cause: "--platform takes `os/arch[/variant]`.",
    wayOut: "For example `linux/arm64`.",
  },
  "dockerfile/invalid-port": {
    title: "A port that cannot be exposed",
    cause: "EXPOSE takes a port or a range, with tcp, udp or sctp behind a slash.",
    wayOut: "For example `8080/tcp` or `7000-7010`.",
  },
  "dockerfile/invalid-signal": {
    title: "A signal that does not exist",
    cause: "STOPSIGNAL takes a name or a number that the kernel knows.",
    wayOut: "For example `SIGTERM` or `15`.",
  },
  "dockerfile/invalid-step-comment": {
    title: "A comment for the cache that cannot be read",
    cause:
      "Comments that begin with `tsbuild:` say how long a step may be cached. One that cannot be read is an error, because a build that ignored it would keep a step cached that must run.",
    wayOut: "See [caching](caching.md#overriding-the-cache).",
  },
  "dockerfile/json-members": {
    title: "A JSON array with other members than strings",
    cause: "The exec form is an array of strings.",
    wayOut: "Put each member into double quotes.",
  },
  "dockerfile/later-stage": {
    title: "A stage that comes later",
    cause: "COPY --from or a mount names a later stage.",
    wayOut: "Move that stage up.",
  },
  "dockerfile/lint": {
    title: "Warnings that count as errors",
    cause: "`# check=error=true` makes broken rules fail the build.",
    wayOut: "Fix what the warnings name; `tsbuild check --explain RULE` explains a rule.",
  },
  "dockerfile/long-line": {
    title: "A line that is too long",
    cause: "BuildKit and tsbuild read lines up to a limit.",
    wayOut: "Break the line with a backslash, or copy a file instead.",
  },
  "dockerfile/missing-arguments": {
    title: "An instruction without its arguments",
    cause: "The instruction needs more than it has.",
    wayOut: "The hint shows its form.",
  },
  "dockerfile/missing-equals": {
    title: "A pair without an equals sign",
    cause: "The second and later pairs of ENV and LABEL are `name=value`.",
    wayOut: "Write `name=value`, with quotes around blanks.",
  },
  "dockerfile/missing-value": {
    title: "A name without its value",
    cause: "ENV or LABEL in the old form has a name alone.",
    wayOut: "Write `name=value`.",
  },
  "dockerfile/no-instructions": {
    title: "A Dockerfile without instructions",
    cause: "The file is empty, or has comments only.",
    wayOut: "Begin with FROM.",
  },
  "dockerfile/not-text": {
    title: "A Dockerfile that is no UTF-8 text",
    cause:
      "Windows PowerShell writes UTF-16 where a command's output goes to a file with `>`. A zip archive is no context, neither on the standard input nor at a URL: docker reads tar archives, plain or compressed, and so does tsbuild.",
    wayOut: "Save it as UTF-8, with `Set-Content -Encoding utf8` for example.",
  },
  "dockerfile/other-file": {
    title: "Another file in the place of a Dockerfile",
    cause: "`-f` of a build names a Dockerfile. Compose files and bake files name several builds.",
    wayOut: "Give a Dockerfile; `tsbuild bake -f FILE` takes files that name builds.",
  },
  "dockerfile/not-found": {
    title: "A Dockerfile that is not there",
    cause: "The file, or the place that a link leads to, does not exist.",
    wayOut: "Name it with `-f`; without, it is `Dockerfile` in the context.",
  },
  "dockerfile/onbuild-trigger": {
    title: "ONBUILD that cannot trigger this",
    cause: "ONBUILD takes no ONBUILD, FROM or MAINTAINER, or the trigger of the base image cannot be run here.",
    wayOut: "Use another instruction, or another base.",
  },
  "dockerfile/remote-copy": {
    title: "A URL as a source of COPY",
    cause: "COPY copies from contexts and stages only.",
    wayOut: "Use ADD.",
  },
  "dockerfile/repeated-directive": {
    title: "A directive given twice",
    cause: "Each parser directive is allowed once.",
    wayOut: "Remove one of them.",
  },
  "dockerfile/repeated-flag": {
    title: "A flag given twice",
    cause: "The instruction takes this flag once.",
    wayOut: "Remove one of them.",
  },
  "dockerfile/shell-form": {
    title: "SHELL that is no JSON array",
    cause: "SHELL takes the exec form.",
    wayOut: 'For example `SHELL ["/bin/bash", "-c"]`.',
  },
  "dockerfile/stage-cycle": {
    title: "Stages that need each other",
    cause: "Each of the stages that the message lists needs the next.",
    wayOut: "Copy from a stage that does not need this one.",
  },
  "dockerfile/stage-name": {
    title: "A name that no stage can have",
    cause: "A name begins with a letter, and has only letters, digits, `-`, `_` and `.`.",
    wayOut: "Choose another.",
  },
  "dockerfile/syntax": {
    title: "A line that cannot be read",
    cause: "The text at this place has none of the forms that are expected there.",
    wayOut: "The message says what is expected.",
  },
  "dockerfile/unknown-flag": {
    title: "A flag that the instruction does not have",
    cause: "The instruction has no flag of that name.",
    wayOut: "The hint has the nearest name.",
  },
  "dockerfile/unknown-instruction": {
    title: "An instruction that does not exist",
    cause: "The first word of the line is no instruction.",
    wayOut: "The hint has the nearest name; a continued line needs a backslash at the end of the one before.",
  },
  "dockerfile/unknown-stage": {
    title: "A stage that does not exist",
    cause: "The number is larger than the number of stages.",
    wayOut: "Name the stage: numbers begin at 0.",
  },
  "dockerfile/unknown-target": {
    title: "A target that does not exist",
    cause: "No stage has the name that `--target` gives.",
    wayOut: "The hint has the nearest name, or all of them.",
  },
  "dockerfile/unreadable": {
    title: "A Dockerfile that cannot be read",
    cause:
      "Without `-f` the Dockerfile is read inside the context, as COPY reads it: links are followed there, and one that leads out of it is refused, since a repository could show any file of the machine that way.",
    wayOut: "A path that `-f` gives may be anywhere. A Dockerfile is a regular file or a pipe, and has at most 16 MiB.",
  },
  "dockerfile/unsupported-syntax": {
    title: "Another frontend",
    cause: "`# syntax=` names a frontend that is no docker/dockerfile.",
    wayOut: "Leave out the line, or build with BuildKit.",
  },
  "dockerfile/unterminated-heredoc": {
    title: "A heredoc without an end",
    cause: "No line consists of the end marker.",
    wayOut: "Put the marker on a line of its own; tabs before it need `<<-`.",
  },
  "check/not-written": {
    title: "Fixes that were not written",
    cause: "`check --fix` writes only over the text that it has checked, and only files of this machine. Nothing was changed.",
    wayOut: "Run it again, after converting the file to UTF-8 where that is the reason.",
  },
  "check/unknown-rule": {
    title: "A rule that does not exist",
    cause: "No rule has that name.",
    wayOut: "The rules and their pages are listed in [lint/README.md](lint/README.md).",
  },
} satisfies Readonly<Record<string, ErrorEntry>>;
