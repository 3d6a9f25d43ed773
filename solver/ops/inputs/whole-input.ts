import { isLocal } from "../../../llb/sources/local.js";
import type { Vertex } from "../../../llb/vertex.js";

/**
 * Returns true when input `index` is a directory of this machine. It has no key of its own, so an
 * op that reads all of it (a stage that starts FROM a named context) has to count it by its
 * content.
 */
export function isDirectoryInput(vertex: Vertex, index: number): boolean {
  return isLocal(vertex.inputs[index]?.vertex.op);
}
