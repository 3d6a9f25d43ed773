import { isDigest } from "../../../core/digest.js";
import type { StepInfo } from "../../../core/step.js";
import type { SourceOp } from "../../../llb/ops.js";
import { type GitAddress, gitSource } from "../../../llb/sources/git.js";
import { httpSource } from "../../../llb/sources/http.js";
import { edge } from "../../../llb/vertex.js";
import type { Word } from "../ast.js";
import * as errors from "../errors/errors.js";
import { flagWord } from "../syntax/flags.js";
import { parseGitSource } from "../values/git-source.js";
import type { InstructionContext } from "./instruction-context.js";
import type { ActionMaker } from "./copy-actions.js";
import type { CommonCopy, Transfer } from "./copy-options.js";

interface Target {
  readonly at: InstructionContext;
  /** Step that the download is part of. */
  readonly step: StepInfo;
  readonly maker: ActionMaker;
  readonly common: CommonCopy;
}

/**
 * Adds a source that is a URL or a Git repository to the operation. Returns false for a local path.
 */
export function addRemote(text: string, word: Word, transfer: Transfer, target: Target): boolean {
  const { at } = target;
  const range = word.range;
  const git = parseGitSource(text);
  if (typeof git === "string") return at.fail(errors.invalidGit(text, git, range));
  const isHttp = git === undefined && /^https?:\/\//.test(text);
  if (git === undefined && !isHttp) {
    if (transfer.remote.checksum) at.fail(errors.checksumSource(transfer.remote.checksum.range));
    return false;
  }
  if (transfer.keyword === "COPY") at.fail(errors.remoteCopy(text, range));
  const checksum = checksumOf(transfer, at);
  if (git) addGit(git, checksum, text, word, transfer, target);
  else addHttp(text, checksum, transfer, target);
  return true;
}

function checksumOf(transfer: Transfer, at: InstructionContext): string {
  const flag = transfer.remote.checksum;
  if (!flag) return "";
  if (transfer.paths.length + transfer.documents.length !== 1) at.fail(errors.checksumSource(flag.range));
  return at.expand(flagWord(flag));
}

function addGit(git: GitAddress, checksum: string, text: string, word: Word, transfer: Transfer, target: Target): void {
  const { at, maker, common } = target;
  const fail = (why: string): never => at.fail(errors.invalidGit(text, why, word.range));
  const flag = transfer.remote.keepGitDir;
  if (flag !== undefined && git.keepGitDir !== undefined && flag !== git.keepGitDir) fail("--keep-git-dir says otherwise than the URL");
  if (checksum !== "" && git.checksum !== "" && checksum !== git.checksum) fail("--checksum says otherwise than the URL");
  const source = edge({
    op: gitSource(git, { checksum, ...(flag === undefined ? {} : { keepGitDir: flag }) }),
    metadata: at.metadata(target.step),
  });
  maker.copy(source, { src: "/", ...PLAIN_COPY, dirCopyContents: true, ...common });
}

function addHttp(url: string, checksum: string, transfer: Transfer, target: Target): void {
  const { at, maker, common } = target;
  if (checksum !== "" && !isDigest(checksum)) {
    at.fail(errors.invalidChecksum(checksum, transfer.remote.checksum?.valueRange ?? transfer.node.range));
  }
  const filename = fileName(url);
  const source = edge({ op: downloadOf(url, checksum), metadata: at.metadata(target.step) });
  maker.copy(source, { src: `/${filename}`, ...PLAIN_COPY, attemptUnpack: transfer.unpack ?? false, ...common });
}

/** Returns the source of a download. The file has the name in the last part of the URL's path. */
export function downloadOf(url: string, checksum: string): SourceOp {
  return httpSource(url, { filename: fileName(url), checksum });
}

const PLAIN_COPY = {
  followSymlinks: false,
  dirCopyContents: false,
  attemptUnpack: false,
  allowWildcard: false,
  allowEmptyWildcard: false,
} as const;

/**
 * Returns the last part of the URL's path: the file's name where the destination is a directory.
 */
function fileName(url: string): string {
  let path = "";
  try {
    path = decodeURIComponent(new URL(url).pathname);
  } catch {
    // The download reports the fault of the URL.
  }
  return (
    path
      .split("/")
      .filter((part) => part !== "" && part !== "." && part !== "..")
      .pop() ?? "__unnamed__"
  );
}
