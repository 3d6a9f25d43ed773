import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { packageRoot } from "../../core/package-root.js";

export const root = packageRoot();

/** An import or a re-export of a source file. */
export interface Import {
  readonly specifier: string;
  /** It names types only: nothing is loaded. */
  readonly isType: boolean;
  /** `import("…")`, also in a type. */
  readonly isDynamic: boolean;
}

/**
 * A static import or export statement, of types too. `[^"'`;]` keeps a match inside one statement.
 */
const STATIC = /^\s*(?:import|export)\b([^"'`;]*?\bfrom\s*|\s*)"([^"\n]+)"/gm;
const DYNAMIC = /\bimport\s*\(\s*"([^"\n]+)"\s*\)/g;

/** Lists the source files below a folder, relative to the package. */
export function* sources(directory: string, extension = ".ts"): Generator<string> {
  for (const entry of readdirSync(join(root, directory), { withFileTypes: true })) {
    const path = posix.join(directory, entry.name);
    if (entry.isDirectory()) yield* sources(path, extension);
    else if (entry.name.endsWith(extension)) yield path;
  }
}

/** Returns the text with comments blanked out, so that an example in a comment is no import. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, " ")).replace(/^\s*\/\/.*$/gm, "");
}

/** Reads the imports of a source file. */
export function importsOf(file: string): readonly Import[] {
  const text = withoutComments(readFileSync(join(root, file), "utf8"));
  return [
    ...[...text.matchAll(STATIC)].map(([, names, specifier]) => ({
      specifier: specifier as string,
      isType: /^\s+type\b/.test(names as string),
      isDynamic: false,
    })),
    ...[...text.matchAll(DYNAMIC)].map(([, specifier]) => ({ specifier: specifier as string, isType: false, isDynamic: true })),
  ];
}

/** Returns the source file that a relative specifier means, relative to the package. */
export function resolveLocal(file: string, specifier: string): string {
  return posix.normalize(posix.join(posix.dirname(file), specifier)).replace(/\.js$/, ".ts");
}

/** Returns the name of the package that a specifier means. */
export function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
