import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../core/errors.js";
import type { Worker } from "../executor-native/contract.js";

/**
 * Cache mounts that begin empty in one build (`--no-cache=mounts`): each is emptied before its first use, and what this build's steps put into it
 * stays for its later steps and for later builds.
 */
export class FreshMounts {
  readonly #emptied = new Map<string, Promise<void>>();

  /**
   * Ends when the mount at `path` has been emptied for this build, and has what it begins with. The directory itself stays: another build may have
   * it mounted.
   */
  empty(path: string, worker: () => Promise<Worker>, seed?: { fill(directory: string): Promise<void> }): Promise<void> {
    let emptying = this.#emptied.get(path);
    if (!emptying) this.#emptied.set(path, (emptying = renew(path, worker, seed)));
    return emptying;
  }
}

/** A mount that is not there is made with its files by whoever needs it. */
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
        // Of a mapped id, and closed: only the worker gets in.
        return (await worker()).remove([path]);
      default:
        throw error;
    }
  }
  if (names.length > 0) await (await worker()).remove(names.map((name) => join(path, name)));
}
