import type { SourceRange } from "../../core/diagnostics.js";
import type { KindOf } from "./instruction-shapes.js";
import type { Problem } from "./problem.js";

/** Part of the key under which ASTs are cached. Raise it with every change of the types below. */
export const AST_FORMAT = 4;

/**
 * A parsed Dockerfile: plain JSON data with a source range on every node, so that it can be cached
 * by the file's sha256. Texts have continuations joined; quotes and variables are as written.
 */
export interface DockerfileAst {
  readonly version: typeof AST_FORMAT;
  readonly directives: Directives;
  readonly instructions: readonly Instruction[];
  /** Text after the last instruction. */
  readonly trailing: string;
  /** Errors and warnings about the text that were found while it was read. */
  readonly problems: readonly Problem[];
}

export interface Word {
  readonly text: string;
  readonly range: SourceRange;
}

/** `--name=value`; `value` is undefined for a flag without `=`. */
export interface Flag {
  readonly name: string;
  readonly value?: string;
  readonly range: SourceRange;
  readonly valueRange: SourceRange;
}

export interface Heredoc {
  readonly name: string;
  readonly fd: number;
  readonly expand: boolean;
  readonly chomp: boolean;
  /** Body with its line ends, as in the file. */
  readonly content: string;
  /** Range of the body and the end marker. */
  readonly range: SourceRange;
}

/** Text for a shell, or a JSON array of arguments. */
export type CommandLine =
  | { readonly form: "shell"; readonly text: string; readonly range: SourceRange }
  | { readonly form: "exec"; readonly args: readonly Word[]; readonly range: SourceRange };

interface InstructionBase {
  /**
   * Text between the instruction before and this one: line ends, blanks, comments, and lines that
   * could not be read.
   */
  readonly leading: string;
  /**
   * Text from the keyword to the end as in the file, with continuations, comments between them and
   * heredoc bodies.
   */
  readonly source: string;
  /** Range of {@link source}. */
  readonly range: SourceRange;
  /** Keyword as written. */
  readonly keyword: Word;
  readonly flags: readonly Flag[];
  readonly heredocs: readonly Heredoc[];
  /**
   * Whole line with continuations joined, without heredoc bodies. Progress shows it, and ONBUILD
   * keeps it.
   */
  readonly text: string;
  /** Comment lines directly above, without `#`. */
  readonly comments: readonly string[];
}

export interface ShellNode extends InstructionBase {
  readonly kind: KindOf<"shell">;
  readonly command?: CommandLine;
}

/** Words between blanks, or a JSON array. */
export interface ListNode extends InstructionBase {
  readonly kind: KindOf<"list">;
  readonly json: boolean;
  readonly args: readonly Word[];
}

export interface WordsNode extends InstructionBase {
  readonly kind: KindOf<"words">;
  readonly args: readonly Word[];
}

export interface Pair {
  readonly name: Word;
  readonly value: Word;
}

export interface PairsNode extends InstructionBase {
  readonly kind: KindOf<"pairs">;
  readonly pairs: readonly Pair[];
  /** True for `ENV name the rest is the value`. */
  readonly legacy: boolean;
}

export interface ArgNode extends InstructionBase {
  readonly kind: KindOf<"args">;
  readonly args: readonly { readonly name: Word; readonly value?: Word }[];
}

export interface TextNode extends InstructionBase {
  readonly kind: KindOf<"text">;
  readonly value?: Word;
}

export interface HealthcheckNode extends InstructionBase {
  readonly kind: KindOf<"health">;
  /** `CMD` or `NONE`, as written. */
  readonly type?: Word;
  readonly command?: CommandLine;
}

export interface OnbuildNode extends InstructionBase {
  readonly kind: KindOf<"trigger">;
  /** Trigger as the image's config holds it: with blanks at the end, as docker keeps them. */
  readonly triggerText: string;
  readonly trigger?: Instruction;
}

export type Instruction = ShellNode | ListNode | WordsNode | PairsNode | ArgNode | TextNode | HealthcheckNode | OnbuildNode;

export type InstructionKind = Instruction["kind"];

/** The node type of an instruction. */
export type NodeOf<K extends InstructionKind> = NodeWith<Instruction, K>;

type NodeWith<N, K> = N extends { readonly kind: infer Kinds } ? (K extends Kinds ? N & { readonly kind: K } : never) : never;

/** Directives for the parser in the comments at the very top of a file. */
export interface Directives {
  readonly escape: "\\" | "`";
  readonly syntax?: Directive;
  readonly check?: Directive;
}

export interface Directive {
  readonly value: string;
  readonly range: SourceRange;
}

/** A stage as written in the file. */
export interface StageNode {
  /** Number of the stage in the file, from 0. */
  readonly index: number;
  readonly node: NodeOf<"from">;
  /** Name in lower case; undefined without AS. */
  readonly name: string | undefined;
  readonly base: Word;
  readonly platform: Flag | undefined;
  readonly instructions: readonly Instruction[];
}

export interface StageFile {
  /** ARGs before the first FROM. */
  readonly globalArgs: readonly ArgNode[];
  readonly stages: readonly StageNode[];
}
