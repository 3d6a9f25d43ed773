import { existsSync } from "node:fs";
import { FileMemo } from "../../cache/index/memo.js";
import { storePaths } from "../../cache/paths.js";
import type { SourceFile } from "../../core/diagnostics.js";
import { sha256 } from "../../core/digest.js";
import { hasUserinfo } from "../../core/text/address.js";
import type { Body } from "../../frontend/hcl/ast.js";
import { BODY_FORMAT, bodyOf, bodyText } from "../../frontend/hcl/kept-body.js";

const KIND = "bake";

/**
 * Returns the trees of bake files. The grammar takes longer to load than most files to evaluate, so
 * trees are kept in the store by the file's text and the syntax of its name. Reading bake files
 * makes no store.
 */
export async function parseBakeFiles(files: readonly SourceFile[], root: string): Promise<readonly Body[]> {
  const paths = storePaths(root);
  const memo = existsSync(paths.memo) ? new FileMemo(paths) : undefined;
  const bodies: Body[] = [];
  for (const file of files) {
    const key = sha256(`${BODY_FORMAT}\n${/\.(?:json|hcl)$/.exec(file.name)?.[0] ?? ""}\n${file.text}`);
    const text = memo?.get(KIND, key)?.toString("utf8");
    const kept = text === undefined ? undefined : unlessDeep(() => bodyOf(text, file));
    const body = kept ?? (await parsed(file));
    // A copy of passwords is not wanted in the store.
    const made = memo && text === undefined && !hasUserinfo(file.text) ? unlessDeep(() => bodyText(body)) : undefined;
    if (made !== undefined) memo?.set(KIND, key, made);
    bodies.push(body);
  }
  return bodies;
}

/**
 * Returns undefined for a tree that is too deep for the stack of the process. The evaluation of the
 * tree decides whether the file is refused.
 */
function unlessDeep<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

async function parsed(file: SourceFile): Promise<Body> {
  const { parseBakeFile } = await import("../../frontend/bake/parse-file.js");
  return parseBakeFile(file);
}
