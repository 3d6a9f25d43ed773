/** The build graph as values: operations, vertices with their digests, and their text form. */
export type * from "./ops.js";
export { printGraph } from "./print.js";
export { type Edge, edge, type Rootfs, topological, type Vertex, type VertexMetadata, type VertexSpec, vertex } from "./vertex.js";
