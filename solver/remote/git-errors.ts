import { TsbuildError } from "../../core/errors.js";
import type { GitSource } from "../../llb/sources/git.js";
import { proposedHost } from "./secret-names.js";
import { isOverSsh, type SshAccess } from "./git-ssh.js";

export function gitMissing(cause: unknown): TsbuildError {
  return new TsbuildError("source/git-missing", "Cannot read a Git repository: there is no program git", {
    cause,
    hint: "Install it: apt-get install git, apk add git, dnf install git, or pacman -S git",
  });
}

/**
 * Returns the error for a `git` that failed. `said` is its output, without secrets; `ssh` are the
 * keys that it could use over SSH.
 */
export function gitFailed(what: string, said: string, source: GitSource, ssh: SshAccess): TsbuildError {
  const line = reasonOf(said);
  return new TsbuildError("source/git-failed", `Cannot ${what}: ${line === "" ? "git failed and said nothing" : line}`, {
    hint: hintFor(said, source, ssh),
  });
}

function hintFor(said: string, { remote, host }: GitSource, ssh: SshAccess): string {
  if (/No user exists for uid/.test(said)) {
    return "ssh works only for users whom /etc/passwd has: add a line for this one, or use the https URL of the repository";
  }
  if (SSH_REFUSED.test(said) || (isOverSsh(remote) && NEEDS_LOGIN.test(said))) return SSH_HINTS[ssh.kind];
  return NEEDS_LOGIN.test(said)
    ? `Give a token: --secret id=GIT_AUTH_TOKEN,env=VARIABLE (for one host only: id=GIT_AUTH_TOKEN.${/^https?:/.test(remote) ? proposedHost(new URL(remote)) : host})`
    : "Check the URL and the network; git ls-remote shows what the repository has";
}

const NEEDS_LOGIN = /could not read (Username|Password)|Authentication failed|terminal prompts disabled|\b40[13]\b|Permission denied/;
/** Message of ssh: `git@host: Permission denied (publickey).` */
const SSH_REFUSED = /Permission denied \([a-z,-]+\)/;

const SSH_HINTS: Readonly<Record<SshAccess["kind"], string>> = {
  none: "What a Dockerfile or a repository names is read without your keys; give them with --ssh default (your agent) or --ssh default=PATH (a key)",
  agent: "The server takes none of the keys of --ssh default; ssh-add -L shows which an agent has",
  caller: "The server takes none of your keys; give one with --ssh default=PATH, and try it with ssh -T",
};

/**
 * Returns git's own reason: the line with `fatal`, else the last one. For a failed connection the
 * program that made it knows more than git.
 */
function reasonOf(said: string): string {
  const lines = said
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
  const fatal = lines.findIndex((candidate) => candidate.startsWith("fatal:"));
  const cause = lines[fatal] === "fatal: Could not read from remote repository." ? lines[fatal - 1] : lines[fatal];
  const line = cause ?? lines[fatal] ?? lines.at(-1) ?? "";
  return line.replace(/^(fatal|error): /, "").slice(0, 300);
}

export function refNotFound(repository: string, ref: string): TsbuildError {
  const short = /^[0-9a-f]{4,39}$/.test(ref);
  return new TsbuildError("source/git-ref-not-found", `Cannot find "${ref}" in ${repository}: it has no such branch or tag`, {
    hint: short
      ? "Commits are named by all of their digits: 40, or 64 in a SHA-256 repository"
      : `See what it has: git ls-remote ${repository}`,
  });
}

export function emptyRepository(repository: string): TsbuildError {
  return new TsbuildError("source/git-ref-not-found", `Cannot find the default branch of ${repository}: it has no commit`, {
    hint: "Push a commit, or name a branch: URL#branch",
  });
}

export function commitMismatch(repository: string, expected: string, found: string): TsbuildError {
  return new TsbuildError("source/git-checksum-mismatch", `Cannot use ${repository}: it gave ${found}, but the checksum says ${expected}`, {
    hint: "Look at what changed; when it is right, change the checksum",
  });
}

export function commitMissing(repository: string, commit: string): TsbuildError {
  return new TsbuildError("source/git-ref-not-found", `Cannot find commit ${commit} in ${repository}`, {
    hint: "It is in no branch or tag of the repository; name one that it was pushed to",
  });
}

export function subdirNotFound(repository: string, subdir: string, found: "nothing" | "file"): TsbuildError {
  return new TsbuildError(
    "source/git-subdir-not-found",
    `Cannot use "${subdir}" of ${repository}: ${found === "nothing" ? "there is no such directory" : "it is no directory"}`,
    { hint: "The part after the colon in URL#ref:directory is a path in the repository" },
  );
}
