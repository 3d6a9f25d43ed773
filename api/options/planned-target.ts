/** A target of a bake or Compose file with everything that it inherits, as plain data. */
export interface PlannedBakeTarget {
  readonly name: string;
  readonly description?: string;
  /** True when only other targets need it: it has no output of its own. */
  readonly linked: boolean;
  /**
   * Attributes as `--print` shows them, in the names of bake files: `dockerfile-inline`,
   * `cache-from` …; `$` and `%` before braces are not doubled.
   */
  readonly attributes: Readonly<Record<string, unknown>>;
}
