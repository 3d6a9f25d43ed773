import type { DockerfileAst } from "../ast.js";
import type { Directive } from "../ast.js";
import { unsupportedSyntax } from "../errors/errors.js";
import type { Problem } from "../problem.js";
import type { LineMap } from "../../../core/text/line-map.js";

/**
 * Names of the built-in language: docker/dockerfile in any version and channel, also from a mirror.
 */
const BUILT_IN = /^(?:dockerfile\.v0|(?:.*\/)?docker\/dockerfile(?:-upstream)?(?::[^/@]*)?(?:@[^/]*)?)$/;

/**
 * Returns true when a `# syntax=` value, or the argument BUILDKIT_SYNTAX, means the built-in
 * language. The first word is the reference.
 */
export function isBuiltIn(value: string): boolean {
  return BUILT_IN.test(value.trim().split(/\s/, 1)[0] ?? "");
}

/**
 * Returns the problem of a file that asks for another frontend. The argument wins over the
 * directive.
 */
export function unsupportedFrontend(ast: DockerfileAst, argument: string | undefined): Problem | undefined {
  if (argument) return isBuiltIn(argument) ? undefined : unsupportedSyntax(argument, undefined);
  const { syntax } = ast.directives;
  return syntax && !isBuiltIn(syntax.value) ? unsupportedSyntax(syntax.value, syntax.range) : undefined;
}

/**
 * Returns the frontend that a text names which is no Dockerfile: `// syntax=…` on top, or a JSON
 * object with a member `syntax`. Such a text is for that frontend alone.
 */
export function foreignSyntax(text: string, map: LineMap): Directive | undefined {
  const start = /^\uFEFF?(?:#![^\n]*\n)?/.exec(text)?.[0].length ?? 0;
  const line = /^\/\/\s*syntax\s*=\s*(\S[^\n]*?)\s*(?:\n|$)/i.exec(text.slice(start));
  if (line) return { value: line[1] as string, range: map.range(start, start + line[0].trimEnd().length) };
  if (text[start] !== "{") return undefined;
  try {
    const { syntax } = JSON.parse(text.slice(start)) as { readonly syntax?: unknown };
    return typeof syntax === "string" ? { value: syntax, range: map.range(start, start + 1) } : undefined;
  } catch {
    return undefined;
  }
}
