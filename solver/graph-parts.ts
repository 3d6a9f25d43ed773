import type { Digest } from "../core/digest.js";
import { announced, type BuildEvent, type EventSink } from "../core/events.js";
import type { GrantedRights } from "../llb/entitlements.js";
import { type Rootfs, topological, type Vertex } from "../llb/vertex.js";
import type { ForeignResults } from "./buildkit-keys/foreign-records.js";
import type { SolvedVertex } from "./engine/op.js";
import type { SolverPorts } from "./ports.js";
import type { StepResult } from "./result.js";

/** The graph of one build, which is solved alone or together with others. */
export interface GraphPart {
  readonly targets: readonly Rootfs[];
  readonly ports: SolverPorts;
  /** True when the results become images, so that their layers are wanted compressed. */
  readonly image: boolean;
  readonly granted: GrantedRights;
  /**
   * True when steps that are not even looked up are explained too, at the cost of a look-up for
   * each. Default: false.
   */
  readonly explain?: boolean;
  readonly onEvent: EventSink;
  /**
   * Called with everything that has keys once the graph is solved, for caches that are exported.
   */
  readonly onSolved?: (vertices: readonly SolvedVertex<StepResult>[], foreignResults: ForeignResults) => void;
}

/** A graph with its vertices, inputs before their users. */
export interface OrderedPart extends GraphPart {
  readonly order: readonly Vertex[];
}

/** Returns graphs with their vertices. */
export function ordered<P extends GraphPart>(parts: readonly P[]): readonly (P & OrderedPart)[] {
  return parts.map((part) => ({ ...part, order: topological(part.targets) }));
}

/**
 * Returns a sink that reports to each graph what becomes of its vertices. The first graph that has
 * a vertex sees the vertex run. For the other graphs its result was found.
 */
export function eventsByPart(parts: readonly OrderedPart[]): EventSink {
  const having = new Map<Digest, OrderedPart[]>();
  for (const part of parts) {
    for (const { digest } of part.order) {
      const others = having.get(digest);
      if (others) others.push(part);
      else having.set(digest, [part]);
    }
    part.onEvent({ type: "steps", steps: part.order.map(announcedVertex) });
  }
  return (event) => {
    if (event.type === "steps" || event.type === "warning") return;
    for (const [index, part] of (having.get(event.step) ?? []).entries()) {
      const seen = index === 0 ? event : seenByOthers(event);
      if (seen) part.onEvent(seen);
    }
  };
}

function seenByOthers(event: BuildEvent): BuildEvent | undefined {
  switch (event.type) {
    case "cached":
    case "failed":
      return event;
    case "completed":
      return { ...event, type: "cached" };
    case "explained":
      return event.explanation.outcome === "cached" ? event : undefined;
    default:
      return undefined;
  }
}

/** Returns a vertex as events announce it. */
export function announcedVertex({ digest, metadata, inputs }: Vertex): ReturnType<typeof announced> {
  const { step, range, surroundings, wire } = metadata;
  const edges = inputs.map((edge) => edge.vertex.digest);
  return {
    ...announced(digest, step, edges),
    ...(range && { line: range.line }),
    ...(surroundings && { surroundings }),
    ...(wire && { wire }),
  };
}

/**
 * Returns the ports of each vertex. The first graph that has the vertex gives them, and the first
 * graph that exports its layers decides the form of these. `home` has vertices of earlier solves,
 * and gets these.
 */
export function portsByVertex(parts: readonly OrderedPart[], home = new Map<Digest, SolverPorts>()): ReadonlyMap<Digest, SolverPorts> {
  for (const { order, ports } of parts) for (const { digest } of order) if (!home.has(digest)) home.set(digest, ports);
  const found = new Map<Digest, SolverPorts>();
  // An image's form goes before that of a directory, which leaves layers as they are.
  for (const { order, ports, image } of parts.toSorted((a, b) => Number(b.image) - Number(a.image))) {
    for (const { digest } of order) {
      const own = home.get(digest) ?? ports;
      if (!found.has(digest)) found.set(digest, image && own !== ports ? { ...own, exports: ports.exports } : own);
    }
  }
  return found;
}
