import { type AnyCode, systemErrorCode, TsbuildError } from "../../core/errors.js";
import { withoutUserinfo } from "../../core/text/address.js";
import { systemReason } from "../../core/system/system-reason.js";
import { familiarReference, type Reference } from "../../oci/reference.js";
import { dirname } from "node:path";

export function bakeContext(value: unknown, name: string, scheme: string): TsbuildError {
  return new TsbuildError(
    "context/unsupported",
    `Cannot use "${value}" as the context "${name}": "${scheme}:" means something to bake only`,
    {
      hint: "A named context is a directory, docker-image://REF, oci-layout://DIR, a Git repository or a URL",
    },
  );
}

/** Makes the error of a place of this machine that a client on another one names. */
export function notOfClient(name: string, value: string): TsbuildError {
  return new TsbuildError(
    "context/unsupported",
    `Cannot use "${value}" as the context "${name}": a client reads no files of this machine`,
    {
      hint: "Name a directory of the client (local:NAME), docker-image://REF, a Git repository or a URL",
    },
  );
}

export function hostDirectoryRefused(name: string, directory: string, why: string): TsbuildError {
  return new TsbuildError("context/host-directory", `Cannot give steps the directory "${directory}" (${name}): ${why}`, {
    hint: "Name a directory of files alone, such as one below it",
  });
}

export function secretVariableMissing(id: string, source: { readonly env: string }): TsbuildError {
  return new TsbuildError("secret/variable-not-set", `Cannot use secret "${id}": the variable ${source.env} is not set`, {
    hint: `Set it, or give a file: --secret id=${id},src=FILE`,
  });
}

export function secretUnreadable(id: string, path: string, cause: unknown): TsbuildError {
  return new TsbuildError("secret/unreadable", `Cannot read secret "${id}" from "${path}": ${systemReason(cause)}`, {
    cause,
    hint: `Check the path, or take a variable: --secret id=${id},env=VARIABLE`,
  });
}

export function secretTooLarge(id: string, size: number, largest: number): TsbuildError {
  return new TsbuildError("secret/too-large", `Cannot use secret "${id}": it has ${size} bytes, and ${largest} is the limit`, {
    hint: "Secrets are keys and tokens; mount larger files with --mount=type=bind from a named context",
  });
}

export function sourceUnreadable(name: string, cause: unknown): TsbuildError {
  return new TsbuildError("dockerfile/unreadable", `Cannot read ${name}: ${systemReason(cause)}`, { cause });
}

export function noDockerfile(
  where: string,
  names: readonly string[],
  option: string | undefined,
  there: string,
  name: string,
): TsbuildError {
  return new TsbuildError(
    "dockerfile/not-found",
    `Cannot find a Dockerfile${where}: ${names.join(", ")} ${names.length === 1 ? "does" : "do"} not exist`,
    {
      hint:
        option === undefined
          ? `${there === "" ? "Create one there, or name another with" : `${there}name one with`} -f ${name}`
          : `${there === "" ? "Check" : `${there}check`} the path given with -f; it is relative to the working directory, ${process.cwd()}`,
    },
  );
}

export function baseNotLocal(name: string, reference: Reference): TsbuildError {
  return new TsbuildError("image/not-local", `Cannot use "${name}": the local store has no image of that name, and no registry is asked`, {
    hint: `tsbuild pull ${familiarReference(reference)} brings it; without --pull=never its registry is asked`,
  });
}

export function noSuchRule(rule: string, near: string | undefined): TsbuildError {
  return new TsbuildError("check/unknown-rule", `Cannot explain "${rule}": there is no such rule`, {
    hint: near === undefined ? "docs/lint/README.md lists the rules" : `did you mean ${near}?`,
  });
}

export function contextMissing(path: string, error: unknown): TsbuildError {
  return new TsbuildError(
    "context/not-found",
    `Cannot use "${path}" as the build context: ${systemErrorCode(error) === "ENOENT" ? "there is no such directory" : systemReason(error)}`,
    {
      hint: "Name the directory that holds the files to build from, for example: tsbuild .",
      cause: error,
    },
  );
}

export function contextIsFile(path: string): TsbuildError {
  return new TsbuildError("context/not-a-directory", `Cannot use "${path}" as the build context: it is a file`, {
    hint: `Name its directory, and the file with -f: tsbuild -f ${path} ${dirname(path)}`,
  });
}

export function contextFileUnreadable(name: string, why: string, cause: unknown, leadsOut: boolean): TsbuildError {
  return new TsbuildError("dockerfile/unreadable", `Cannot read ${name}: ${why}`, {
    cause,
    ...(leadsOut ? { hint: "A Dockerfile outside of the context is one that you name: -f PATH" } : {}),
  });
}

export function twoDockerfiles(name: string): TsbuildError {
  return new TsbuildError(
    "context/two-dockerfiles",
    `Cannot build: the context (${name}) is a Dockerfile, and another one is named beside it`,
    {
      hint: "Leave out one of them; a context with files is a directory, a repository or a tar archive",
    },
  );
}

export function textUnreadable(name: string, where: string, node: { readonly type: string }): TsbuildError {
  return new TsbuildError(
    "dockerfile/unreadable",
    `Cannot read ${name} of ${where}: it is ${node.type === "dir" ? "a directory" : "no file"}`,
  );
}

export function dockerfileMissing(where: string, names: readonly string[], option: string | undefined): TsbuildError {
  return new TsbuildError(
    "dockerfile/not-found",
    `Cannot find a Dockerfile in ${where}: ${names.join(", ")} ${names.length === 1 ? "does" : "do"} not exist`,
    {
      hint:
        option === undefined ? "Name another with -f PATH" : "-f is a path inside this context; an absolute path is one of this machine",
    },
  );
}

export function fixesWithoutFile(name: string): TsbuildError {
  return new TsbuildError("check/not-written", `Cannot write the fixes to ${name}: it is no file of this machine`, {
    hint: "name a directory of this machine, or the file with -f",
  });
}

export function fixesOutdated(name: string): TsbuildError {
  return new TsbuildError("check/not-written", `Cannot write the fixes to ${name}: it was changed meanwhile, or is not UTF-8`, {
    hint: "run the check again",
  });
}

export function agentNotStarted(id: string, why: string, hint: string | undefined): TsbuildError {
  return new TsbuildError("ssh/agent-failed", `Cannot start SSH agent "${id}": ${why}`, hint === undefined ? {} : { hint });
}

export function badGitContext(text: string, why: string): TsbuildError {
  return new TsbuildError("context/git-invalid", `Cannot use "${withoutUserinfo(text)}" as a context: ${why}`, {
    hint: "A repository is https://host/path.git, with #ref:directory or ?branch=…&subdir=… if needed",
  });
}

export function badSshKey(key: string, id: string, cause: unknown): TsbuildError {
  return new TsbuildError("ssh/key-unreadable", `Cannot use SSH key "${key}" for agent "${id}": ${systemReason(cause)}`, {
    cause,
  });
}

export function agentUnreachable(source: { readonly socket: string }, id: string, why: string, cause: unknown): TsbuildError {
  return new TsbuildError("ssh/unreachable", `Cannot use "${source.socket}" as SSH agent "${id}": ${why}`, {
    ...(cause === undefined ? {} : { cause }),
    hint: "Start one (eval $(ssh-agent); ssh-add), or name a key instead of a socket",
  });
}

export function ignoreFileUnreadable(name: string, cause: unknown): TsbuildError {
  return new TsbuildError("context/ignore-file", `Cannot read ${name}: ${systemReason(cause)}`, {
    cause,
    hint: "An ignore file is a file of the context: put the patterns there, or beside a Dockerfile that -f names, as NAME.dockerignore",
  });
}

/** Returns an error with another hint. */
export function withHint(error: TsbuildError, hint: string): TsbuildError {
  return new TsbuildError(error.code as AnyCode, error.message, { hint, cause: error });
}
