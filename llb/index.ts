/** The build graph as values: operations, vertices with their digests, and their text form. */
export type * from "./ops.js";
export { type GitAddress, gitSource } from "./sources/git.js";
export { httpSource } from "./sources/http.js";
export { imageSource } from "./sources/image.js";
export { localSource } from "./sources/local.js";
export { readSource, type Source } from "./sources/source.js";
export { printGraph } from "./print.js";
export { type Edge, edge, type Rootfs, topological, type Vertex, type VertexMetadata, type VertexSpec, vertex } from "./vertex.js";
export { decodeDefinition, encodeDefinition } from "./definition.js";
export type { WriteOptions } from "./wire/public.js";
