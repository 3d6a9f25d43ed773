/** A check that warns about what is allowed. Names, texts and pages are BuildKit's. */
export interface LintRule<A extends readonly unknown[] = readonly unknown[]> {
  readonly name: string;
  readonly description: string;
  /** Off unless asked for. */
  readonly experimental?: boolean;
  message(...args: A): string;
}

/** The page that explains a rule. */
export function ruleUrl(rule: { readonly name: string }): string {
  const slug = rule.name
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1-$2")
    .replace(/([a-z])([A-Z])/g, "$1-$2")
    .toLowerCase();
  return `https://docs.docker.com/go/dockerfile/rule/${slug}/`;
}
