import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { systemErrorCode } from "../../core/errors.js";
import type { StorePaths } from "../paths.js";
import { TOC_GRACE } from "./collect-state.js";

/** Milliseconds after which memos and stat shards that were not rewritten count as stale. */
const DERIVED_AGE = 30 * 24 * 3_600_000;

/**
 * Removes derived files that were not written for a month, and temporary files of crashed
 * processes.
 */
export function removeStaleFiles({ memo, stat }: Pick<StorePaths, "memo" | "stat">): void {
  for (const directory of [stat, ...readdirSync(memo).map((kind) => join(memo, kind))]) {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      const limit = name.startsWith(".") ? TOC_GRACE : DERIVED_AGE;
      try {
        if (statSync(path).mtimeMs < Date.now() - limit) rmSync(path, { force: true });
      } catch (error) {
        if (systemErrorCode(error) !== "ENOENT") throw error;
      }
    }
  }
}
