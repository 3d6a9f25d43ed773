import { TsbuildError } from "../../../core/errors.js";
import { suggest } from "../../../core/text/suggest.js";
import type { NodeMeta } from "../../../core/file-node.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import { explainMissing } from "./missing.js";

/** Returns a tree's path as its users write it. */
export function shown(path: string): string {
  return `/${path}`;
}

/** A plain COPY source that does not exist. */
export class SourceNotFoundError extends TsbuildError {
  /** Path that was looked up, from the root of its tree. */
  readonly source: string;

  constructor(source: string, message: string, hint: string) {
    super("copy/source-not-found", message, { hint });
    this.source = source;
  }
}

/**
 * Returns the error for a source whose `..` led out of its tree: its author did not mean the path
 * that was looked up.
 */
export function sourceLeadsOut(written: string, where: string, { source }: SourceNotFoundError): TsbuildError {
  const isContext = where === "the build context";
  return new TsbuildError(
    "copy/source-not-found",
    `Cannot copy "${written}" from ${where}: ".." does not lead out of it, and "${source.replace(/^\/+/, "")}" is not there`,
    {
      hint: isContext
        ? "Only files of the context can be copied: build with a directory further up as the context (and -f for the Dockerfile), or give the other one a name, --build-context other=DIR, and write COPY --from=other"
        : 'Leave out the ".."',
    },
  );
}

/**
 * Returns the error for a plain COPY source that does not exist. Gives the reason, as far as the
 * tree knows it: the ignore rule that hides it, or the names nearby. `where`: `the build context`,
 * `stage "build"`.
 */
export function sourceNotFound(source: string, where: string, tree: FileTree): SourceNotFoundError {
  const { shown: path, why, hint } = explainMissing(tree, source.replace(/^\/+/, ""), where);
  return new SourceNotFoundError(source, `Cannot copy "${path}" from ${where}: ${why}`, hint);
}

export function danglingSource(source: string, target: string, where: string): TsbuildError {
  return new TsbuildError(
    "copy/source-not-found",
    `Cannot copy "${source}" from ${where}: it is a symlink to "${target}", which is not there`,
  );
}

export function wildcardWithoutMatch(source: string, where: string): TsbuildError {
  return new TsbuildError("copy/no-match", `Cannot copy "${source}" from ${where}: nothing matches the pattern`);
}

export function badPattern(pattern: string): TsbuildError {
  return new TsbuildError("copy/bad-pattern", `Cannot use "${pattern}" as a pattern: its brackets or escapes are not closed`, {
    hint: "Write [[] for a bracket that is meant literally",
  });
}

export function userDatabaseTooLarge(file: string, size: number, limit: number): TsbuildError {
  return new TsbuildError(
    "copy/user-database",
    `Cannot look up an owner: ${file} of the image is ${size} bytes long, and at most ${limit} are read`,
    { hint: "Name owners by their numbers" },
  );
}

/**
 * Returns the error for a directory that would replace a file. `source` is the directory's path in
 * its tree.
 */
export function directoryOntoFile(source: string, there: NodeMeta): TsbuildError {
  const path = shown(there.path);
  if (there.type === "symlink") {
    const message = `Cannot copy to non-directory: ${path} is a link to "${there.link}"`;
    return new TsbuildError("copy/not-a-directory", message, {
      hint: `A copied directory takes the place of no link; copy what is in it to where the link leads: COPY ${source}/ ${path}/`,
    });
  }
  return new TsbuildError("copy/not-a-directory", `Cannot copy to non-directory: ${path}`, {
    hint: "A directory cannot take the place of a file; remove that first, or copy to another path",
  });
}

export function fileOntoDirectory(path: string): TsbuildError {
  return new TsbuildError("copy/is-a-directory", `Cannot replace directory ${shown(path)} with a file`, {
    hint: "Remove the directory first, or copy to another path",
  });
}

export function parentNotDirectory(path: string): TsbuildError {
  return new TsbuildError("copy/parent-not-a-directory", `Cannot make directory ${shown(path)}: there is a file of that name`);
}

export function parentMissing(path: string): TsbuildError {
  return new TsbuildError("file/parent-missing", `Cannot make ${shown(path)}: its parent directory is not there`);
}

export function alreadyExists(path: string): TsbuildError {
  return new TsbuildError("file/exists", `Cannot make ${shown(path)}: it exists already`);
}

export function removeNotFound(path: string): TsbuildError {
  return new TsbuildError("file/not-found", `Cannot remove ${path}: there is no such file or directory`);
}

export function removeRoot(): TsbuildError {
  return new TsbuildError("file/invalid-path", 'Cannot remove "/": it is the root of the filesystem');
}

export function writeRoot(): TsbuildError {
  return new TsbuildError("file/invalid-path", 'Cannot make "/" a file: it is the root of the filesystem');
}

export function unknownUser(name: string, known: readonly string[]): TsbuildError {
  const found = known.length === 0 ? "the image has no /etc/passwd" : "/etc/passwd of the image has no such user";
  return new TsbuildError("copy/unknown-user", `Cannot use "${name}" as owner: ${found}`, { hint: ownerHint("user", name, known) });
}

export function unknownGroup(name: string, known: readonly string[]): TsbuildError {
  const found = known.length === 0 ? "the image has no /etc/group" : "/etc/group of the image has no such group";
  return new TsbuildError("copy/unknown-group", `Cannot use "${name}" as owner: ${found}`, { hint: ownerHint("group", name, known) });
}

function ownerHint(kind: "user" | "group", name: string, known: readonly string[]): string {
  const near = suggest(name, known);
  return near === undefined ? `Use a numeric id, or add the ${kind} in an earlier step` : `Did you mean "${near}"?`;
}

export function invalidOwner(value: string | number): TsbuildError {
  return new TsbuildError("copy/invalid-owner", `Cannot use ${value} as an id: ids are whole numbers from 0 to 4294967294`);
}

export function invalidMode(mode: string | number): TsbuildError {
  return new TsbuildError(
    "copy/invalid-mode",
    `Cannot use "${mode}" as a mode: expected octal digits up to 7777, or chmod's symbolic form`,
    {
      hint: "For example 0644, u=rwX,go=rX or +x",
    },
  );
}

/** Returns the error for an archive whose decompression fails before its end. */
export function archiveDamaged(name: string, cause: Error): TsbuildError {
  return new TsbuildError("layer/corrupt", `Cannot unpack "${name}": its compressed data is damaged or ends too early`, {
    cause,
    hint: "It was not written, sent or downloaded completely; make it again",
  });
}

export function archiveEscapes(name: string): TsbuildError {
  return new TsbuildError(
    "copy/archive-escapes",
    `Cannot unpack "${name}" of the archive: it leads out of the directory the archive is unpacked into`,
  );
}

export function archiveLink(name: string, link: string): TsbuildError {
  return new TsbuildError(
    "copy/archive-link",
    `Cannot unpack "${name}" of the archive: it is a hard link to "${link}", which is no file here`,
  );
}
