import { hash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../core/errors.js";
import { writeFileAtomic } from "../../core/system/fs-atomic.js";
import type { Memo } from "../contract/memo.js";
import type { StorePaths } from "../paths.js";
import { makeStoreDirectory } from "../private-directory.js";

/** Bytes of the value's sha256 at the head of a file: a damaged value does not count. */
const CHECK = 16;

/**
 * Values as files `<kind>/<hash of key>`. A value may vanish, so a failed read or write only
 * forgets it.
 */
export class FileMemo implements Memo {
  readonly #paths: StorePaths;

  constructor(paths: StorePaths) {
    this.#paths = paths;
  }

  get(kind: string, key: string): Buffer | undefined {
    return this.#read(this.#path(kind, key));
  }

  set(kind: string, key: string, value: string | Uint8Array): void {
    const bytes = typeof value === "string" ? Buffer.from(value) : value;
    try {
      writeFileAtomic(this.#path(kind, key), Buffer.concat([check(bytes), bytes]), {
        // Collection removes abandoned temporary files.
        tidy: false,
        makeParents: (directory) => makeStoreDirectory(this.#paths, directory),
      });
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
    }
  }

  *list(kind: string): Iterable<Buffer> {
    const directory = join(this.#paths.memo, kind);
    for (const name of existsSync(directory) ? readdirSync(directory) : []) {
      const value = this.#read(join(directory, name));
      if (value) yield value;
    }
  }

  #read(path: string): Buffer | undefined {
    let file: Buffer;
    try {
      file = readFileSync(path);
    } catch (error) {
      if (systemErrorCode(error) === undefined) throw error;
      return undefined;
    }
    const value = file.subarray(CHECK);
    return file.length >= CHECK && check(value).equals(file.subarray(0, CHECK)) ? value : undefined;
  }

  #path(kind: string, key: string): string {
    if (!/^[a-z][a-z0-9-]*$/.test(kind)) throw new Error(`internal: "${kind}" is not a kind of memo`);
    return join(this.#paths.memo, kind, hash("sha256", key, "hex"));
  }
}

function check(value: Uint8Array): Buffer {
  return hash("sha256", value, "buffer").subarray(0, CHECK);
}
