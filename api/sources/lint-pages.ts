import { noSuchRule } from "./errors.js";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../core/package-root.js";
import { suggest } from "../../core/text/suggest.js";
import { ruleSlug } from "../../frontend/dockerfile/lint/rule.js";

/**
 * Returns the page of a lint rule, in Markdown, by the rule's name (`CopyBeforeInstall`) or its
 * file's (`copy-before-install`).
 */
export function explainRule(rule: string): string {
  const pages = join(packageRoot(), "docs", "lint");
  const page = join(pages, `${ruleSlug(rule)}.md`);
  if (/^[\w-]+$/.test(rule) && existsSync(page)) return readFileSync(page, "utf8");
  const names = existsSync(pages) ? readdirSync(pages).map((name) => name.replace(/\.md$/, "")) : [];
  const near = suggest(ruleSlug(rule), names);
  throw noSuchRule(rule, near);
}
