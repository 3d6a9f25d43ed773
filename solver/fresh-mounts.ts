import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../core/errors.js";
import type { Worker } from "../executor-native/contract.js";

/**
 * Cache mounts that begin empty in one build (`--no-cache=mounts`). A mount is emptied before its
 * first use. Files of this build's steps stay for its later steps and for later builds.
 */
export class FreshMounts {
  readonly #emptied = new Map<string, Promise<void>>();

  /**
   * Resolves when the mount at `path` has been emptied for this build, and has its initial files.
   * The directory itself stays: another build may have it mounted.
   */
  empty(path: string, worker: () => Promise<Worker>, seed?: { fill(directory: string): Promise<void> }): Promise<void> {
    let emptying = this.#emptied.get(path);
    if (!emptying) this.#emptied.set(path, (emptying = renew(path, worker, seed)));
    return emptying;
  }
}

/** Empties a mount. The caller makes a missing one with its files. */
async function renew(
  path: string,
  worker: () => Promise<Worker>,
  seed: { fill(directory: string): Promise<void> } | undefined,
): Promise<void> {
  const isThere = existsSync(path);
  await removeAll(path, worker);
  if (isThere && existsSync(path)) await seed?.fill(path);
}

async function removeAll(path: string, worker: () => Promise<Worker>): Promise<void> {
  let names: string[];
  try {
    names = readdirSync(path);
  } catch (error) {
    switch (systemErrorCode(error)) {
      case "ENOENT":
        return;
      case "EACCES":
        // A closed directory of a mapped id: only the worker may enter.
        return (await worker()).remove([path]);
      default:
        throw error;
    }
  }
  if (names.length > 0) await (await worker()).remove(names.map((name) => join(path, name)));
}
