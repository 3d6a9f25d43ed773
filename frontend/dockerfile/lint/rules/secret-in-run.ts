import type { LintFile } from "../lint-file.js";
import type { Linter } from "../linter.js";
import type { FileRule } from "../file-rule.js";

export const SecretInRun: FileRule<[what: string]> = {
  name: "SecretInRun",
  description: "Secrets should not be part of a command",
  own: true,
  message: (what) => `The command contains ${what}: it stays in the image's history for everybody to read`,
  check: checkSecretInRun,
};

/** Forms that are hardly ever anything but a secret. Variables are not among them. */
const FORMS: readonly (readonly [what: string, form: RegExp])[] = [
  ["an AWS access key", /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/],
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,})\b/],
  ["a GitLab token", /\bglpat-[A-Za-z0-9_-]{20,}/],
  ["an npm token", /\bnpm_[A-Za-z0-9]{36}\b|_authToken=(?!["']?\$)["']?[A-Za-z0-9_-]{16,}/],
  ["a Slack token", /\bxox[abprs]-[A-Za-z0-9-]{10,}/],
  ["a private key", /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/],
  ["an authorization header", /\bAuthorization:\s*(?:Bearer|Basic|token)\s+(?!["']?\$)[A-Za-z0-9._~+/=-]{16,}/i],
  ["a password in a URL", /\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@$"'{}]+:(?!\$)[^\s:/@$"'{}]{3,}@[\w.-]+/i],
];

/** Warns at most once for each form in a script: more would be noise. */
function checkSecretInRun(file: LintFile, linter: Linter): void {
  for (const { text, node, range } of file.scripts) {
    for (const [what, form] of FORMS) {
      const found = form.exec(text);
      if (!found) continue;
      linter.warn(SecretInRun, [what], range(found.index, found.index + found[0].length), node.comments, {
        hint: "give it with --secret, and read it in RUN --mount=type=secret,id=NAME from /run/secrets/NAME",
      });
    }
  }
}
