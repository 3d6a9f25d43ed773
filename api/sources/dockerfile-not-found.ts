import { noDockerfile } from "./errors.js";
import { readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { TsbuildError } from "../../core/errors.js";

/** Makes the error for a missing Dockerfile. `names` are the paths that were tried, as shown. */
export function dockerfileNotFound(names: readonly string[], option: string | undefined, context: string): TsbuildError {
  const others = nearbyDockerfiles(context);
  const [first] = others;
  const where = option === undefined ? ` in ${context}` : "";
  const there = others.length === 0 ? "" : `There ${others.length === 1 ? "is" : "are"} ${others.join(", ")}: `;
  const name = first === undefined ? "PATH" : first;
  return noDockerfile(where, names, option, there, name);
}

/** Depth and number of searched directories, and number of reported files. */
const DEPTH = 3;
const DIRECTORIES = 200;
const SHOWN = 4;

const IS_DOCKERFILE = /^(dockerfile|containerfile)(\.|$)|\.(dockerfile|containerfile)$/i;
const IS_LEFT_OUT = /^(\.git|node_modules|vendor)$|\.dockerignore$/i;

/**
 * Finds files that look like Dockerfiles below a directory, the nearest first, as paths from the
 * working directory.
 */
function nearbyDockerfiles(context: string): readonly string[] {
  const found: string[] = [];
  let level: string[] = [context];
  for (let depth = 0, looked = 0; depth < DEPTH && level.length > 0; depth++) {
    const next: string[] = [];
    for (const directory of level) {
      if (++looked > DIRECTORIES || found.length >= SHOWN) break;
      for (const entry of entriesOf(directory)) {
        if (IS_LEFT_OUT.test(entry.name)) continue;
        const path = join(directory, entry.name);
        if (entry.isDirectory()) next.push(path);
        else if (entry.isFile() && IS_DOCKERFILE.test(entry.name) && found.length < SHOWN) found.push(path);
      }
    }
    level = next;
  }
  return found.map((path) => relative(process.cwd(), resolve(path)));
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    // Another error is reported already.
    return [];
  }
}
