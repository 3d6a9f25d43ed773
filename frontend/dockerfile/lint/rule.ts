/**
 * A check that warns about valid instructions. Names, texts and pages of BuildKit's rules are
 * BuildKit's.
 */
export interface LintRule<A extends readonly unknown[] = readonly unknown[]> {
  readonly name: string;
  readonly description: string;
  /** True for a rule that is off by default. */
  readonly experimental?: boolean;
  /** True for a rule that has no page at BuildKit. */
  readonly noPage?: boolean;
  /**
   * True for a rule that is not BuildKit's: checks apply it, builds only where the file asks for it
   * by name.
   */
  readonly own?: boolean;
  message(...args: A): string;
}

/** Returns the page that explains one of BuildKit's rules. Pages of our rules are in docs/lint. */
export function ruleUrl(rule: { readonly name: string; readonly own?: boolean; readonly noPage?: boolean }): string | undefined {
  return rule.own || rule.noPage ? undefined : `https://docs.docker.com/go/dockerfile/rule/${ruleSlug(rule.name)}/`;
}

/** Returns `JSONArgsRecommended` as `json-args-recommended`. */
export function ruleSlug(name: string): string {
  return name
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1-$2")
    .replace(/([a-z])([A-Z])/g, "$1-$2")
    .toLowerCase();
}
