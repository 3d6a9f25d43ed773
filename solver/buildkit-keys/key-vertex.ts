import { createHash } from "node:crypto";
import type { Vertex } from "../../llb/vertex.js";

/**
 * An operation as BuildKit's solver sees it: what its keys are made of. The graph is not always ours: a heredoc of COPY, for example, is a vertex
 * of its own there.
 */
export interface KeyVertex {
  /** Digests of its records; one, but for images, which are known by their manifest and by their layers. */
  readonly digests: readonly string[];
  readonly inputs: readonly KeyInput[];
}

/** An input; at least one of `vertex` and `content` is there. */
export interface KeyInput {
  /** Undefined when BuildKit has no key for it (a local directory), or we cannot tell it. */
  readonly vertex: KeyVertex | undefined;
  /** Digest of the paths that the operation looks at; empty when it takes all of the input. */
  readonly selector: string;
  /** How the input can stand in the key by its content. */
  readonly content: ContentRequest | undefined;
}

export interface ContentRequest {
  readonly input: Vertex;
  readonly selectors: readonly ContentSelector[];
}

/** Paths whose content counts: `opsutils.Selector` there. */
export interface ContentSelector {
  /** Absolute. */
  readonly path: string;
  readonly wildcard: boolean;
  readonly followLinks: boolean;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** `sha256:` and the digest of a text. */
export function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** The digest of a record: of an operation's digest and the number of its output; -1 stands for content. */
export function recordDigest(digest: string, output: number): string {
  return digestOf(`${digest}@${output}`);
}
