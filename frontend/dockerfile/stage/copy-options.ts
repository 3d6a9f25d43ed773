import type { Owner } from "../../../llb/ops.js";
import type { Flag, Heredoc, ListNode, Word } from "../ast.js";

/** Flags of ADD that only concern URLs and repositories. */
interface RemoteOptions {
  readonly checksum: Flag | undefined;
  readonly keepGitDir: boolean | undefined;
}

/** Common parts of COPY and ADD: sources, one destination, one file operation, one layer. */
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
  /** Value of `--unpack`; undefined leaves it to the instruction. */
  readonly unpack: boolean | undefined;
  readonly remote: RemoteOptions;
  /** Source that `--from` names, for messages: `stage "build"`. */
  readonly from?: string;
}

/** Options that all copies of an instruction share. */
export interface CommonCopy {
  readonly dest: string;
  readonly createDestPath: boolean;
  readonly owner?: Owner;
  readonly mode?: number | string;
  readonly excludePatterns?: readonly string[];
}
