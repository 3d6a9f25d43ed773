import { mountSourceMissing, sourceOfNothing } from "./errors.js";
import { resolvePath } from "../../../oci/layer/model/resolve.js";
import type { FileTree } from "../../../oci/layer/model/toc.js";
import type { StepResult } from "../../result.js";
import { explainMissing } from "../file/missing.js";

/** Inputs of an exec op, and what messages call the sources of its mounts. */
export interface MountInputs {
  readonly inputs: readonly StepResult[];
  /** Names by the mounts' `dest`. */
  readonly names: Readonly<Record<string, string>> | undefined;
}

/**
 * Returns what messages call the source of the mount at `dest`; graphs that no Dockerfile made have
 * no names.
 */
export function nameOfSource({ names }: MountInputs, dest: string): string {
  return names?.[dest] ?? "what it is taken from";
}

/** A path that a mount takes from a stage, an image or a context. */
export interface MountSource {
  readonly dest: string;
  readonly selector: string;
  /** The tree in the user's words: `stage "build"`. */
  readonly where: string;
}

/**
 * Throws `build/mount-source` when nothing is at the source of a bind mount; links are followed as
 * the sandbox follows them.
 */
export function requireMountSource(tree: FileTree, source: MountSource): void {
  const missing = explainMissingSource(tree, source);
  if (!missing) return;
  const { shown, why, hint } = missing;
  throw mountSourceMissing(shown, source, why, hint);
}

/** Explains a source that is not there; undefined when it is. */
export function explainMissingSource(tree: FileTree, { selector, where }: Omit<MountSource, "dest">) {
  const { path, node, links } = resolvePath(tree, selector);
  if (node) return undefined;
  const missing = explainMissing(tree, path, where);
  if (links.length === 0) return missing;
  const written = explainMissing(tree, selector.replace(/^\/+/, ""), where).shown;
  return { ...missing, shown: written, why: `it leads by a link to "${missing.shown}", and ${missing.why}` };
}

/** Throws `build/mount-source` for a path in a stage that has no files at all. */
export function requireNothing({ dest, selector, where }: MountSource): void {
  if (selector === "/") return;
  throw sourceOfNothing(selector, where, dest);
}
