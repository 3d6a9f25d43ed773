import { type Canonical, canonicalJson } from "../core/canonical.js";
import type { SourceFile, SourceRange } from "../core/diagnostics.js";
import { type Digest, sha256 } from "../core/digest.js";
import type { Op } from "./ops.js";

/** Changes when the canonical form of vertices changes, and with it every digest. */
const FORMAT = 1;

/** What a vertex carries beside its meaning: none of it is part of the digest. */
export interface VertexMetadata {
  /** As shown in progress: `[build 2/4] RUN make`. */
  readonly name: string;
  /** Run it even when a result is cached. */
  readonly ignoreCache?: boolean;
  /** What told it to ignore the cache, for people: `--no-cache`. */
  readonly ignoreReason?: string;
  /** A cached result that is older, in milliseconds, does not count. */
  readonly maxAge?: number;
  /** Names of environment variables of an exec op that come from build arguments, for explanations. */
  readonly args?: readonly string[];
  /** Sources of a file op that were written with more `..` than there are directories: the path that is looked for, and the text. */
  readonly cutSources?: readonly { readonly src: string; readonly written: string }[];
  /** What a file op copies from, in the user's words: `stage "build"`. The vertex copied from may be that of several stages. */
  readonly copiedFrom?: string;
  readonly source?: SourceFile;
  readonly range?: SourceRange;
}

/** An operation with its inputs: immutable, and named by the digest of its canonical bytes. */
export interface Vertex {
  readonly digest: Digest;
  readonly op: Op;
  readonly inputs: readonly Edge[];
  /** `os/architecture[/variant]` the operation is for, where that matters. */
  readonly platform?: string;
  readonly metadata: VertexMetadata;
}

/** One output of a vertex. */
export interface Edge {
  readonly vertex: Vertex;
  readonly output: number;
}

/** A filesystem in the graph: an edge, or undefined for the empty one (`FROM scratch`). */
export type Rootfs = Edge | undefined;

export interface VertexSpec {
  readonly op: Op;
  readonly inputs?: readonly Edge[];
  readonly platform?: string;
  readonly metadata: VertexMetadata;
}

/** Makes a vertex and computes its digest. */
export function vertex(spec: VertexSpec): Vertex {
  const inputs = spec.inputs ?? [];
  const form = {
    v: FORMAT,
    op: spec.op as unknown as Canonical,
    inputs: inputs.map((edge) => [edge.vertex.digest, edge.output]),
    platform: spec.platform,
  };
  return Object.freeze({
    digest: sha256(canonicalJson(form)),
    op: spec.op,
    inputs,
    ...(spec.platform === undefined ? {} : { platform: spec.platform }),
    metadata: spec.metadata,
  });
}

/** Output 0 of a new vertex: what nearly every caller wants. */
export function edge(spec: VertexSpec): Edge {
  return { vertex: vertex(spec), output: 0 };
}

/** All vertices below (and with) the given ones, inputs before users, each digest once. */
export function topological(roots: readonly Rootfs[]): Vertex[] {
  const order: Vertex[] = [];
  const seen = new Set<Digest>();
  const stack: { vertex: Vertex; next: number }[] = [];
  for (const root of roots) {
    if (!root || seen.has(root.vertex.digest)) continue;
    seen.add(root.vertex.digest);
    stack.push({ vertex: root.vertex, next: 0 });
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { vertex: Vertex; next: number };
      const input = top.vertex.inputs[top.next++];
      if (!input) {
        order.push(top.vertex);
        stack.pop();
      } else if (!seen.has(input.vertex.digest)) {
        seen.add(input.vertex.digest);
        stack.push({ vertex: input.vertex, next: 0 });
      }
    }
  }
  return order;
}
