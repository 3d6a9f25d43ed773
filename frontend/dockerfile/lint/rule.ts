/** A check that warns about what is allowed. Names, texts and pages of BuildKit's rules are BuildKit's. */
export interface LintRule<A extends readonly unknown[] = readonly unknown[]> {
  readonly name: string;
  readonly description: string;
  /** Off unless asked for. */
  readonly experimental?: boolean;
  /** BuildKit has no page for it. */
  readonly noPage?: boolean;
  /** Not one of BuildKit's: checks show it, builds only where the file asks for it by name. */
  readonly own?: boolean;
  message(...args: A): string;
}

/** The page that explains one of BuildKit's rules; ours are in docs/lint. */
export function ruleUrl(rule: { readonly name: string; readonly own?: boolean; readonly noPage?: boolean }): string | undefined {
  return rule.own || rule.noPage ? undefined : `https://docs.docker.com/go/dockerfile/rule/${ruleSlug(rule.name)}/`;
}

/** `JSONArgsRecommended` as `json-args-recommended`. */
export function ruleSlug(name: string): string {
  return name
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1-$2")
    .replace(/([a-z])([A-Z])/g, "$1-$2")
    .toLowerCase();
}
