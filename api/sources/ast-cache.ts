import { LRUCache } from "lru-cache";
import type { Store } from "../../cache/store.js";
import type { DockerfileAst } from "../../frontend/dockerfile/ast.js";
import { AST_FORMAT } from "../../frontend/dockerfile/ast.js";
import { collectGarbage } from "../../core/system/collect-garbage.js";
import { hasUserinfo } from "../../core/text/address.js";
import { type Digest, sha256 } from "../../core/digest.js";
import type { DockerfileText } from "./local-context.js";

const KIND = "ast";
/** Characters from which on a tree is not kept: it is some twenty times as large as its text. */
const LARGE = 256 << 10;

/** ASTs that this process used last: a program that builds often does so from the same few. */
const recent = new LRUCache<Digest, DockerfileAst>({ max: 32 });

/**
 * Returns the AST of a Dockerfile. The parser takes longer to load than most builds without
 * changes, so its result is kept by the text's digest. Faults of the text are in the AST.
 */
export async function loadAst(file: DockerfileText, store: Store): Promise<DockerfileAst> {
  const key = sha256(`${AST_FORMAT}\n${file.text}`);
  const known = recent.get(key);
  if (known) return known;
  const ast = await cachedAst(file, key, store);
  recent.set(key, ast);
  return ast;
}

async function cachedAst(file: DockerfileText, key: Digest, store: Store): Promise<DockerfileAst> {
  const large = file.text.length > LARGE;
  const kept = large ? undefined : store.memo.get(KIND, key);
  if (kept) return JSON.parse(kept.toString("utf8")) as DockerfileAst;
  const { parseDockerfile } = await import("../../frontend/dockerfile/syntax/parse.js");
  const { ast } = parseDockerfile(file.text, file.name);
  if (large) {
    collectGarbage();
    return ast;
  }
  // A file with errors is about to change: it is not worth room in the store. A copy of passwords
  // is not wanted there.
  if (ast.problems.every((problem) => problem.severity !== "error") && !hasUserinfo(file.text))
    store.memo.set(KIND, key, JSON.stringify(ast));
  return ast;
}
