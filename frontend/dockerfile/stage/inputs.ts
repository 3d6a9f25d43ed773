import type { Edge } from "../../../llb/vertex.js";

/** The inputs of a vertex, each once. */
export class Inputs {
  readonly edges: Edge[] = [];

  /** Returns the index of an input; -1 for the empty filesystem. */
  of(rootfs: Edge | undefined): number {
    if (!rootfs) return -1;
    const known = this.edges.findIndex((other) => other.output === rootfs.output && other.vertex.digest === rootfs.vertex.digest);
    return known === -1 ? this.edges.push(rootfs) - 1 : known;
  }
}
