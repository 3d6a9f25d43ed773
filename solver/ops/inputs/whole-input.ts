import type { Vertex } from "../../../llb/vertex.js";

/**
 * Whether input `index` is a directory of this machine. It has no key of its own, so an op that takes all of it (a stage that starts FROM a
 * named context) has to count it by its content.
 */
export function isDirectoryInput(vertex: Vertex, index: number): boolean {
  const op = vertex.inputs[index]?.vertex.op;
  return op?.kind === "source" && op.identifier.startsWith("local://");
}
