import { resolve } from "node:path";
import type { Writable } from "node:stream";

/** Place where texts of options were typed or written, on which their meaning depends. */
export interface Surroundings {
  /** Directory that relative paths are resolved against. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Stream that a destination named "-" stands for. */
  readonly stdout?: Writable & { readonly isTTY?: boolean };
}

/**
 * Returns `path` as the process can open it. A usable path stays unchanged, so that messages show
 * the user's text.
 */
export function hostPath({ cwd }: Pick<Surroundings, "cwd">, path: string): string {
  return cwd === process.cwd() ? path : resolve(cwd, path);
}
