import { isLocal } from "../../../llb/sources/local.js";
import type { Vertex } from "../../../llb/vertex.js";

/**
 * Returns true when input `index` is a directory of this machine. Such a directory has no key of
 * its own. So an op that reads the whole directory (a stage that starts FROM a named context)
 * counts it by its content.
 */
export function isDirectoryInput(vertex: Vertex, index: number): boolean {
  return isLocal(vertex.inputs[index]?.vertex.op);
}
