import type { Diagnostic, SourceFile } from "../../core/diagnostics.js";
import type { TargetFields } from "./fields.js";

/** A group of targets, and of other groups. */
export interface BakeGroup {
  readonly name: string;
  readonly description: string | undefined;
  readonly targets: readonly string[];
}

export interface BakeTarget {
  readonly name: string;
  /** Directory that stands for a context that is not given. Default: the working directory. */
  readonly directory?: string;
  readonly fields: TargetFields;
}

/** A variable, as `--list=variables` shows it. */
export interface BakeVariable {
  readonly name: string;
  readonly description: string | undefined;
  /** Type that is declared, such as `list of string`. */
  readonly type: string | undefined;
  /** Value as a text; JSON for lists and objects. Undefined for null. */
  readonly value: string | undefined;
}

/** The files of a bake definition, evaluated and joined. */
export interface BakeDefinition {
  readonly groups: readonly BakeGroup[];
  readonly targets: readonly BakeTarget[];
  readonly variables: readonly BakeVariable[];
  readonly warnings: readonly Diagnostic[];
}

/** Everything that the files are evaluated with. */
export interface BakeWorld {
  /** Files in order: later ones override earlier ones. */
  readonly files: readonly SourceFile[];
  /** True makes contexts relative to the file that gives them. */
  readonly fileRelative: boolean;
  /** Returns the value that is given for a variable, by flag or environment. */
  lookup(name: string): string | undefined;
  /** Values that the tool itself gives: `BAKE_LOCAL_PLATFORM` … */
  readonly builtins: Readonly<Record<string, string>>;
  /** Returns milliseconds since the epoch. */
  now(): number;
  /** Home directory of the user. */
  readonly home: string;
}
