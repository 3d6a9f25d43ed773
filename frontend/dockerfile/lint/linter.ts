import type { Fix, SourceRange } from "../../../core/diagnostics.js";
import { parseBoolean } from "../../../core/go-values/boolean.js";
import type { DockerfileAst } from "../ast.js";
import * as errors from "../errors/errors.js";
import type { Problem } from "../problem.js";
import { NearestVariables } from "./nearest-variable.js";
import { type LintRule, ruleUrl } from "./rule.js";

/** Settings of `# check=` and of the build argument BUILDKIT_DOCKERFILE_CHECK. */
interface LintConfig {
  readonly skip: ReadonlySet<string>;
  readonly skipAll: boolean;
  readonly experimental: ReadonlySet<string>;
  readonly experimentalAll: boolean;
  /** True makes warnings fail the build. */
  readonly error: boolean;
}

const DEFAULTS: LintConfig = { skip: new Set(), skipAll: false, experimental: new Set(), experimentalAll: false, error: false };

/** Reads `skip=A,B;error=true;experimental=C`. */
function parseLintConfig(text: string | undefined): LintConfig | { readonly problem: string } {
  if (text === undefined || text.trim() === "") return DEFAULTS;
  let config = DEFAULTS;
  for (const part of text.split(";")) {
    const equals = part.indexOf("=");
    if (equals === -1) return { problem: `"${part.trim()}" has no value` };
    const name = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    const rules = new Set(value.split(",").map((rule) => rule.trim()));
    switch (name) {
      case "skip":
        config = value === "all" ? { ...config, skipAll: true } : { ...config, skip: rules };
        break;
      case "experimental":
        config = value === "all" ? { ...config, experimentalAll: true } : { ...config, experimental: rules };
        break;
      case "error":
        if (parseBoolean(value) === undefined) return { problem: `"${value}" is not true or false` };
        config = { ...config, error: parseBoolean(value) ?? false };
        break;
      default:
        return { problem: `there is no option "${name}"` };
    }
  }
  return config;
}

/** Parts of a warning besides its message. */
interface WarningDetails {
  readonly fix?: Fix | undefined;
  readonly hint?: string | undefined;
  readonly related?: Problem["related"];
}

interface LinterOptions {
  readonly config: LintConfig;
  /** True turns the rules on that are not BuildKit's. */
  readonly own: boolean;
  /** Comments with the replaced directive, and its index among them. */
  readonly replaced?: { readonly comments: readonly string[]; readonly index: number } | undefined;
}

/** Collects the warnings that the file does not turn off. */
export class Linter {
  readonly nearest = new NearestVariables();
  readonly #config: LintConfig;
  readonly #own: boolean;
  readonly #replaced: { readonly comments: readonly string[]; readonly index: number } | undefined;
  readonly #warnings: Problem[] = [];
  readonly #failing = new Set<string>();

  constructor({ config, own, replaced }: LinterOptions) {
    this.#config = config;
    this.#own = own;
    this.#replaced = replaced;
  }

  /**
   * Makes the linter of a file. The argument replaces the directive. Note that a directive right
   * above the first instruction is a comment of that instruction too, and must not count as one.
   */
  static from(
    { directives, instructions }: Pick<DockerfileAst, "directives" | "instructions">,
    argument: string | undefined,
    own: boolean,
  ): { linter: Linter; problem?: Problem } {
    const directive = directives.check;
    const config = parseLintConfig(argument ?? firstWord(directive?.value));
    const [first] = instructions;
    const replaced =
      directive && first && argument !== undefined
        ? { comments: first.comments, index: first.comments.length - (first.range.line - directive.range.line) }
        : undefined;
    if (!("problem" in config)) return { linter: new Linter({ config, own, replaced }) };
    return {
      linter: new Linter({ config: DEFAULTS, own }),
      problem: errors.invalidCheck(config.problem, argument === undefined ? directive?.range : undefined),
    };
  }

  get warnings(): readonly Problem[] {
    return this.#warnings;
  }

  /** Names of broken rules that fail the build. Rules that nobody turned on never do. */
  get failing(): readonly string[] {
    return this.#config.error ? [...this.#failing].sort() : [];
  }

  /**
   * True when a rule that is not BuildKit's can report anything. Otherwise such rules need not run.
   */
  get hearsOwn(): boolean {
    return (this.#own || this.#config.experimental.size > 0) && !this.#config.skipAll;
  }

  /**
   * Adds a warning. `comments` stand above the instruction: a `check=skip=…` among them counts for
   * it alone.
   */
  warn<A extends readonly unknown[]>(
    rule: LintRule<A>,
    args: A,
    range: SourceRange,
    comments: readonly string[] = [],
    { fix, hint, related }: WarningDetails = {},
  ): void {
    if (!this.#isOn(rule, comments)) return;
    const url = ruleUrl(rule);
    if (!rule.own || this.#config.experimental.has(rule.name)) this.#failing.add(rule.name);
    this.#warnings.push({
      severity: "warning",
      code: `dockerfile/${rule.name}`,
      rule: rule.name,
      message: rule.message(...args),
      range,
      ...(url === undefined ? {} : { url }),
      ...(fix ? { fix } : {}),
      ...(hint === undefined ? {} : { hint }),
      ...(related ? { related } : {}),
    });
  }

  #ownComments(comments: readonly string[]): readonly string[] {
    const { index } = comments === this.#replaced?.comments ? this.#replaced : { index: -1 };
    return index < 0 ? comments : comments.filter((_comment, at) => at !== index);
  }

  #isOn(rule: Pick<LintRule, "name" | "experimental" | "own">, comments: readonly string[]): boolean {
    for (const config of [this.#config, ...this.#ownComments(comments).flatMap(commentConfig)]) {
      if (config.skipAll || config.skip.has(rule.name)) return false;
    }
    if (rule.own) return this.#own || this.#config.experimental.has(rule.name);
    return !rule.experimental || this.#config.experimentalAll || this.#config.experimental.has(rule.name);
  }
}

const CHECK = /^check\s*=\s*(.+)$/;

function commentConfig(comment: string): LintConfig[] {
  const match = CHECK.exec(comment);
  const config = match ? parseLintConfig(firstWord(match[1])) : undefined;
  return config && !("problem" in config) ? [config] : [];
}

/** Returns a comment up to its first blank, as BuildKit reads it: the rest is for people. */
function firstWord(text: string | undefined): string | undefined {
  return text?.split(" ", 1)[0];
}
