import { readFileSync } from "node:fs";

/** Returns the text of a file, or undefined for one that cannot be read. */
export type ReadFile = (path: string) => string | undefined;

/** Returns the text of a file, or undefined for one that cannot be read. */
export function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
