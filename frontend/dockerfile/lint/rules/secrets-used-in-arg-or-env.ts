import { quote } from "../../../../core/go-values/quote.js";
import type { LintRule } from "../rule.js";

export const SecretsUsedInArgOrEnv: LintRule<[instruction: string, name: string]> = {
  name: "SecretsUsedInArgOrEnv",
  description: "Sensitive data should not be used in the ARG or ENV commands",
  message: (instruction, name) => `Do not use ARG or ENV instructions for sensitive data (${instruction} ${quote(name)})`,
};

const SECRET = /(?:_|^)(?:apikey|auth|credential|credentials|key|password|pword|passwd|secret|token)(?:_|$)/i;
const HARMLESS = /(?:_|^)(?:public|file|version)(?:_|$)/i;

/**
 * Returns true when a name looks like that of a secret: its first, last or middle word says so, and
 * no word says that it is harmless.
 */
export function looksSecret(name: string): boolean {
  return SECRET.test(name) && !HARMLESS.test(name);
}

export const SECRET_HINT = "give it with --secret, and read it in RUN --mount=type=secret,id=NAME: values of ARG and ENV stay in the image";
