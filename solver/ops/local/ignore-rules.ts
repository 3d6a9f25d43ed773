import { type MatchInfo, PatternMatcher } from "../../../core/text/pattern-matcher.js";
import { PatternReach } from "./pattern-reach.js";

/** One pattern of an ignore file. */
export interface IgnoreRule {
  readonly pattern: string;
  /** Line number, from 1. */
  readonly line?: number;
}

/**
 * The rules of one ignore file, matched as a walk needs it. The rules can name the one that hides a
 * path.
 */
export class IgnoreRules {
  /** File as shown to people: `.dockerignore`, `app.Dockerfile.dockerignore`. */
  readonly file: string;
  readonly #rules: readonly IgnoreRule[];
  readonly #matcher: PatternMatcher;
  readonly #exceptions: PatternReach;

  /** Throws a PatternSyntaxError for a pattern that cannot be matched. */
  constructor(rules: readonly IgnoreRule[], file = ".dockerignore") {
    this.file = file;
    // The matcher drops blank patterns; without them its flags and our rules have the same indexes.
    this.#rules = rules.filter((rule) => rule.pattern.trim() !== "");
    this.#matcher = new PatternMatcher(this.#rules.map((rule) => rule.pattern));
    this.#exceptions = new PatternReach(this.#matcher.patterns.filter((pattern) => pattern.exclusion).map((pattern) => pattern.text));
  }

  get empty(): boolean {
    return this.#rules.length === 0;
  }

  /** Matches `path`. `parent` is the info returned for its directory, undefined at the root. */
  match(path: string, parent: MatchInfo | undefined): { readonly matched: boolean; readonly info: MatchInfo } {
    return this.#matcher.matchesUsingParent(path, parent);
  }

  /**
   * Returns true when an exception (`!`) could include something below the excluded directory
   * `path`.
   */
  mayBringBack(path: string): boolean {
    return this.#exceptions.into(path);
  }

  /** Returns the rule that excludes `path`, or undefined when none does. */
  hiding(path: string): IgnoreRule | undefined {
    const { matched, info } = this.#matcher.matchesUsingParent(path);
    return matched ? this.#rules[info.lastIndexOf(true)] : undefined;
  }
}
