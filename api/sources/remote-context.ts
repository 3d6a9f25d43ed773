import { badGitContext } from "./errors.js";
import type { Digest } from "../../core/digest.js";
import type { TsbuildError } from "../../core/errors.js";
import type { StepInfo } from "../../core/step.js";
import { blobSource } from "../../llb/sources/blob.js";
import { type GitAddress, gitSource } from "../../llb/sources/git.js";
import { httpSource } from "../../llb/sources/http.js";
import { type Edge, edge } from "../../llb/vertex.js";

/**
 * Name of a downloaded context in its tree, as in BuildKit: `COPY --from=NAME context …` takes the
 * file.
 */
export const DOWNLOADED = "context";

/** Returns a repository that the caller named as a context. */
export function gitEdge(address: GitAddress, step: StepInfo, options: { readonly keepGitDir?: boolean } = {}): Edge {
  return edge({ op: gitSource(address, { ...options, fromCaller: true }), metadata: { step } });
}

/** Returns a URL as a tree of one file, {@link DOWNLOADED}. */
export function downloadEdge(url: string, step: StepInfo): Edge {
  return edge({ op: httpSource(url, { filename: DOWNLOADED }), metadata: { step } });
}

/** Returns a blob of the store as a tree of one file, {@link DOWNLOADED}. */
export function blobEdge(digest: Digest, step: StepInfo): Edge {
  return edge({ op: blobSource(digest, DOWNLOADED), metadata: { step } });
}

/** Returns the files of an archive, with its owners, modes and times. */
export function unpackedEdge(archive: Edge): Edge {
  return edge({
    op: {
      kind: "file",
      actions: [
        {
          action: "copy",
          input: -1,
          secondaryInput: 0,
          src: `/${DOWNLOADED}`,
          dest: "/",
          followSymlinks: false,
          dirCopyContents: false,
          attemptUnpack: true,
          createDestPath: false,
          allowWildcard: false,
          allowEmptyWildcard: false,
        },
      ],
    },
    inputs: [archive],
    metadata: { step: { kind: "internal", text: "unpack build context" } },
  });
}

export function invalidGitContext(text: string, why: string): TsbuildError {
  return badGitContext(text, why);
}
