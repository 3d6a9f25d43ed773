import { fixesWithoutFile, fixesOutdated } from "./errors.js";
import { chmodSync, chownSync, readFileSync, realpathSync, statSync } from "node:fs";
import type { Fix } from "../../core/diagnostics.js";
import { writeFileAtomic } from "../../core/system/fs-atomic.js";
import { applyFixes } from "../../core/text/text-edits.js";
import type { CheckedDockerfile, LintWarning } from "../../frontend/dockerfile/check.js";
import type { DockerfileText } from "./local-context.js";
import type { CheckResult } from "../options/options.js";

/**
 * Rounds of fixes. A fix can make room for the next, hardly ever more than twice; this many rounds
 * mean that two rules disagree.
 */
const MAX_ROUNDS = 10;

/** Applies safe fixes until none is left. */
export async function fixDockerfile(
  original: DockerfileText,
  found: CheckedDockerfile,
  look: (changed: DockerfileText) => Promise<CheckedDockerfile>,
): Promise<CheckResult> {
  let file = original;
  let state = found;
  const fixed: LintWarning[] = [];
  for (let round = 0; round <= MAX_ROUNDS; round++) {
    const { text, applied } = applyFixes(file.text, state.warnings.filter(isSafe));
    if (applied.length === 0) return { source: { name: file.name, text: file.text }, ...state, fixed };
    file = { ...file, text };
    state = await look(file);
    if (state.errors.length > found.errors.length) throw new Error("internal: a fix broke the Dockerfile");
    fixed.push(...applied);
  }
  throw new Error("internal: fixes do not come to an end");
}

function isSafe(warning: LintWarning): warning is LintWarning & { readonly fix: Fix } {
  return warning.fix?.safe === true;
}

/**
 * Writes a file atomically, at the target of a link and with its mode; only over the text that was
 * checked.
 */
export function writeFixed({ file, text: before, name }: DockerfileText, text: string): void {
  if (file === undefined) throw fixesWithoutFile(name);
  const target = realpathSync(file);
  if (!readFileSync(target).equals(Buffer.from(before))) throw fixesOutdated(name);
  const { mode, uid, gid } = statSync(target);
  writeFileAtomic(target, text, { mode: mode & 0o7777 });
  // The umask has cut the new file's mode.
  chmodSync(target, mode & 0o7777);
  if (process.getuid?.() === 0) chownSync(target, uid, gid);
}
