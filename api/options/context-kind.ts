import { statSync } from "node:fs";
import { parseGitSource } from "../../frontend/dockerfile/values/git-source.js";
import type { GitAddress } from "../../llb/sources/git.js";

/** Kind of the context that a text names. */
type ContextKind =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "git"; readonly source: GitAddress }
  | { readonly kind: "url"; readonly url: string };

/**
 * Returns the kind of a context in docker's order: an existing directory goes before anything else;
 * then Git addresses (`github.com/owner/repository` among them), then URLs; the rest are
 * directories. Answers a text when it is a Git address with a mistake.
 */
export function contextKind(text: string): ContextKind | string {
  if (!isDirectory(text)) {
    const git = parseGitSource(text.startsWith("github.com/") ? githubAddress(text) : text);
    if (typeof git === "string") return git;
    if (git) return { kind: "git", source: git };
    if (/^https?:\/\//i.test(text)) return { kind: "url", url: text };
  }
  return { kind: "directory", path: text };
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/** Completes `github.com/owner/repository`, which needs no `https://` and no `.git`. */
function githubAddress(text: string): string {
  const [, path = "", rest = ""] = /^([^?#]*)(.*)$/s.exec(text) ?? [];
  return `https://${path.replace(/\/$/, "").replace(/\.git$/, "")}.git${rest}`;
}
