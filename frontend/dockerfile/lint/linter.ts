import type { SourceRange } from "../../../core/diagnostics.js";
import type { Directive } from "../directives.js";
import * as errors from "../errors.js";
import type { Problem } from "../problem.js";
import { type LintRule, ruleUrl } from "./rule.js";

/** What `# check=` and the build argument BUILDKIT_DOCKERFILE_CHECK say. */
export interface LintConfig {
  readonly skip: ReadonlySet<string>;
  readonly skipAll: boolean;
  readonly experimental: ReadonlySet<string>;
  readonly experimentalAll: boolean;
  /** Warnings fail the build. */
  readonly error: boolean;
}

const DEFAULTS: LintConfig = { skip: new Set(), skipAll: false, experimental: new Set(), experimentalAll: false, error: false };

/** Reads `skip=A,B;error=true;experimental=C`. */
export function parseLintConfig(text: string | undefined): LintConfig | { readonly problem: string } {
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
        config = rules.has("all") ? { ...config, skipAll: true } : { ...config, skip: rules };
        break;
      case "experimental":
        config = rules.has("all") ? { ...config, experimentalAll: true } : { ...config, experimental: rules };
        break;
      case "error":
        if (!/^(true|false|1|0|t|f)$/i.test(value)) return { problem: `"${value}" is not true or false` };
        config = { ...config, error: /^(true|1|t)$/i.test(value) };
        break;
      default:
        return { problem: `there is no option "${name}"` };
    }
  }
  return config;
}

/** Collects warnings, as far as the file lets them through. */
export class Linter {
  readonly #config: LintConfig;
  readonly #warnings: Problem[] = [];

  constructor(config: LintConfig) {
    this.#config = config;
  }

  static from(directive: Directive | undefined, argument: string | undefined): { linter: Linter; problem?: Problem } {
    const config = parseLintConfig(argument ?? directive?.value);
    if (!("problem" in config)) return { linter: new Linter(config) };
    return {
      linter: new Linter(DEFAULTS),
      problem: errors.invalidCheck(config.problem, argument === undefined ? directive?.range : undefined),
    };
  }

  get warnings(): readonly Problem[] {
    return this.#warnings;
  }

  /** Names of broken rules, when they are to fail the build. */
  get failing(): readonly string[] {
    return this.#config.error ? [...new Set(this.#warnings.map((warning) => warning.rule ?? ""))].sort() : [];
  }

  /** `comments` stand above the instruction: a `check=skip=…` among them counts for it alone. */
  warn<A extends readonly unknown[]>(rule: LintRule<A>, args: A, range: SourceRange, comments: readonly string[] = []): void {
    if (!this.#isOn(rule, comments)) return;
    this.#warnings.push({
      severity: "warning",
      code: `dockerfile/${rule.name}`,
      rule: rule.name,
      message: rule.message(...args),
      range,
      url: ruleUrl(rule),
    });
  }

  #isOn(rule: { readonly name: string; readonly experimental?: boolean }, comments: readonly string[]): boolean {
    for (const config of [this.#config, ...comments.flatMap(commentConfig)]) {
      if (config.skipAll || config.skip.has(rule.name)) return false;
    }
    return !rule.experimental || this.#config.experimentalAll || this.#config.experimental.has(rule.name);
  }
}

function commentConfig(comment: string): LintConfig[] {
  const match = /^check\s*=\s*(.+)$/.exec(comment);
  const config = match ? parseLintConfig(match[1]) : undefined;
  return config && !("problem" in config) ? [config] : [];
}
