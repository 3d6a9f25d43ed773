/** A text that diagnostics point into. */
export interface SourceFile {
  /** Name as shown to people: the path that the user named, or `<stdin>`. */
  readonly name: string;
  readonly text: string;
}

/**
 * A half-open range of a text in UTF-16 code units. `line` and `column` of its start count from 1.
 */
export interface SourceRange {
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

export type Severity = "error" | "warning";

/** Puts `text` in the place of a range; an empty range inserts. */
export interface TextEdit {
  readonly range: SourceRange;
  readonly text: string;
}

/** A change of the text that fixes a problem. */
export interface Fix {
  /** Title as an order: `Write the stage name in lower case`. */
  readonly title: string;
  /** Edits that do not overlap. */
  readonly edits: readonly TextEdit[];
  /**
   * True when the fixed text means the same but for the problem, so that the fix can be applied
   * unseen. Otherwise the fix is a proposal.
   */
  readonly safe: boolean;
}

/** One problem of a text, as data. Rendering is {@link ./text/render-diagnostic.ts}. */
export interface Diagnostic {
  readonly severity: Severity;
  /** Stable slug, `<phase>/<problem>`; every code has a section in docs/errors.md. */
  readonly code: string;
  /**
   * One sentence without a final period: what was attempted and what was found. User text stands in
   * double quotes.
   */
  readonly message: string;
  readonly source?: SourceFile;
  readonly range?: SourceRange;
  /** Way to go on: a fixed line, a suggestion, a command. */
  readonly hint?: string;
  /** Further places, such as the first definition of a duplicate. */
  readonly related?: readonly { readonly message: string; readonly source: SourceFile; readonly range: SourceRange }[];
  /** A page that explains the rule or error, when there is one. */
  readonly url?: string;
  /** Name of the lint rule that a warning comes from, such as `StageNameCasing`. */
  readonly rule?: string;
  readonly fix?: Fix;
}

/** Returns each diagnostic once, because platforms of a build often have the same ones. */
export function uniqueDiagnostics<D extends Diagnostic>(diagnostics: readonly D[]): readonly D[] {
  const seen = new Map(
    diagnostics.map((diagnostic) => [`${diagnostic.code} ${diagnostic.range?.start} ${diagnostic.message}`, diagnostic]),
  );
  return [...seen.values()];
}
