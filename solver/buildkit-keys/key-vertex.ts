import { createHash } from "node:crypto";
import type { Vertex } from "../../llb/vertex.js";

/**
 * An operation as BuildKit's solver sees it: the parts of its keys. The graph may differ from ours:
 * a heredoc of COPY, for example, is a vertex of its own there.
 */
export interface KeyVertex {
  /**
   * Digests of its records: one, but for images, which are known by their manifest and by their
   * layers.
   */
  readonly digests: readonly string[];
  readonly inputs: readonly KeyInput[];
}

/** An input. At least one of `vertex` and `content` is present. */
export interface KeyInput {
  /** Undefined when BuildKit has no key for it (a local directory), or we do not know the key. */
  readonly vertex: KeyVertex | undefined;
  /** Digest of the paths that the operation reads; empty when it reads the whole input. */
  readonly selector: string;
  /** Content that stands for the input in the key. */
  readonly content: ContentRequest | undefined;
}

interface ContentRequest {
  readonly input: Vertex;
  readonly selectors: readonly ContentSelector[];
}

/** Paths whose content counts: `opsutils.Selector` there. */
export interface ContentSelector {
  /** Absolute path. */
  readonly path: string;
  readonly wildcard: boolean;
  readonly followLinks: boolean;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** Returns `sha256:` and the digest of a text. */
export function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/**
 * Returns the digest of a record: of an operation's digest and the number of its output. -1 stands
 * for content.
 */
export function recordDigest(digest: string, output: number): string {
  return digestOf(`${digest}@${output}`);
}
