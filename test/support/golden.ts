import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ExecutionContext } from "ava";
import { packageRoot } from "../../core/package-root.js";

/** Returns a path below test/cases. */
export function casePath(...parts: readonly string[]): string {
  return join(packageRoot(), "test", "cases", ...parts);
}

/**
 * Compares `actual` with the text of a file under test/cases. UPDATE_GOLDEN=1 writes the file
 * instead.
 */
export function golden(t: ExecutionContext, path: string, actual: string): void {
  const file = casePath(path);
  if (process.env["UPDATE_GOLDEN"]) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, actual);
    t.pass();
    return;
  }
  if (!existsSync(file)) {
    t.fail(`there is no golden text test/cases/${path}; UPDATE_GOLDEN=1 writes it. Actual:\n${actual}`);
    return;
  }
  t.is(actual, readFileSync(file, "utf8"), `differs from test/cases/${path}`);
}
