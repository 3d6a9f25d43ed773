import type { Owner } from "../../../llb/ops.js";
import type { Flag, Heredoc, ListNode, Word } from "../ast.js";

/** Flags of ADD that only concern URLs and repositories. */
export interface RemoteOptions {
  readonly checksum: Flag | undefined;
  readonly keepGitDir: boolean | undefined;
}

/** What COPY and ADD have in common: sources, one destination, one file operation, one layer. */
export interface Transfer {
  readonly node: ListNode;
  readonly keyword: "ADD" | "COPY";
  readonly paths: readonly Word[];
  readonly documents: readonly { readonly word: Word; readonly heredoc: Heredoc }[];
  readonly dest: Word;
  readonly chown: Flag | undefined;
  readonly chmod: Flag | undefined;
  readonly exclude: readonly Flag[];
  readonly link: boolean;
  readonly parents: boolean;
  /** Unpack archives; undefined: as the instruction does without the flag. */
  readonly unpack: boolean | undefined;
  readonly remote: RemoteOptions;
  /** What `--from` names, for messages: `stage "build"`. */
  readonly from?: string;
}

/** What all copies of an instruction share. */
export interface CommonCopy {
  readonly dest: string;
  readonly createDestPath: boolean;
  readonly owner?: Owner;
  readonly mode?: number | string;
  readonly excludePatterns?: readonly string[];
}
