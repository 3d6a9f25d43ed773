import { type Canonical, canonicalJson } from "../core/canonical.js";
import type { SourceFile, SourceRange } from "../core/diagnostics.js";
import { type Digest, sha256 } from "../core/digest.js";
import type { StepInfo, Surroundings, WireName } from "../core/step.js";
import type { Op } from "./ops.js";

/** Format version. It changes with the canonical form of vertices, and changes every digest. */
const FORMAT = 1;

/** Members of a vertex beside its meaning. None of them is part of the digest. */
export interface VertexMetadata {
  /** Step that the vertex is, or belongs to. */
  readonly step: StepInfo;
  /** True runs the vertex even when a result is cached. */
  readonly ignoreCache?: boolean;
  /** Option that made it ignore the cache, for people: `--no-cache`. */
  readonly ignoreReason?: string;
  /** Milliseconds after which a cached result does not count. */
  readonly maxAge?: number;
  /**
   * Names of an exec op's environment variables that come from build arguments, for explanations.
   */
  readonly args?: readonly string[];
  /**
   * Sources of a file op whose text has more `..` than there are directories: the path that is
   * looked up, and the text.
   */
  readonly cutSources?: readonly { readonly src: string; readonly written: string }[];
  /**
   * Source of a file op's copy in the user's words: `stage "build"`. Several stages may share the
   * vertex.
   */
  readonly copiedFrom?: string;
  /** Sources of an exec op's mounts, in the user's words, by the mount's `dest`. */
  readonly mountedFrom?: Readonly<Record<string, string>>;
  /** Surroundings of a command that would run behind a file op. */
  readonly surroundings?: Surroundings;
  readonly source?: SourceFile;
  readonly range?: SourceRange;
  /** Digest and name by which the maker of a definition knows the vertex. */
  readonly wire?: WireName;
}

/** An operation with its inputs: immutable, and named by the digest of its canonical bytes. */
export interface Vertex {
  readonly digest: Digest;
  readonly op: Op;
  readonly inputs: readonly Edge[];
  /** Platform of the operation, `os/architecture[/variant]`, where it matters. */
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

/** Returns output 0 of a new vertex, which nearly every caller wants. */
export function edge(spec: VertexSpec): Edge {
  return { vertex: vertex(spec), output: 0 };
}

/** Returns the given vertices and all below them, inputs before users, each digest once. */
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
