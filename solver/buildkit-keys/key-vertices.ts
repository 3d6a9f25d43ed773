import type { Digest } from "../../core/digest.js";
import { type ImageSource, readImage } from "../../llb/sources/image.js";
import type { Vertex } from "../../llb/vertex.js";
import { chainId } from "../../oci/chain-id.js";
import { parsePlatform } from "../../oci/platform.js";
import type { SourceImage } from "../ports.js";
import { execKey } from "./exec-key.js";
import { fileKey } from "./file-key.js";
import { goJson, omitEmpty } from "./go-json.js";
import { digestOf, type KeyVertex, recordDigest } from "./key-vertex.js";

/** Returns the layers of an image vertex. */
export type ImageOf = (vertex: Vertex) => Promise<Pick<SourceImage, "layers">>;

/**
 * Returns the vertices of a graph as BuildKit sees them, inputs before users. Leaves out those that
 * BuildKit has no key for, or whose key we do not know.
 */
export async function keyVertices(order: readonly Vertex[], imageOf: ImageOf): Promise<ReadonlyMap<Digest, KeyVertex>> {
  const found = new Map<Digest, KeyVertex>();
  const known = (input: Vertex): KeyVertex | undefined => found.get(input.digest);
  for (const vertex of order) {
    const key = await keyVertex(vertex, known, imageOf);
    if (key) found.set(vertex.digest, key);
  }
  return found;
}

async function keyVertex(
  vertex: Vertex,
  known: (input: Vertex) => KeyVertex | undefined,
  imageOf: ImageOf,
): Promise<KeyVertex | undefined> {
  const { op } = vertex;
  switch (op.kind) {
    case "source": {
      const image = readImage(op);
      return image && imageKey(vertex, image, imageOf);
    }
    case "exec":
      return execKey(op, vertex, known);
    case "file":
      return fileKey(op, vertex, known);
    case "merge":
      return mergeKey(vertex, known);
    case "diff":
      return undefined;
  }
}

/**
 * Returns the two keys of an image: one over its manifest and platform, one over its layers. An
 * image without layers has only the first.
 */
async function imageKey(vertex: Vertex, { digest }: ImageSource, imageOf: ImageOf): Promise<KeyVertex | undefined> {
  const { os, architecture, variant } = parsePlatform(vertex.platform ?? "linux");
  const byManifest = digest && goJson({ Digest: digest, OS: os, Arch: architecture, ...omitEmpty({ Variant: variant }) });
  const { layers } = await imageOf(vertex);
  const keys = [
    ...(layers.length === 0 ? [] : [chainId(layers.map((layer) => layer.diffId))]),
    ...(byManifest ? [digestOf(byManifest)] : []),
  ];
  return keys.length === 0 ? undefined : { digests: keys.map((key) => recordDigest(digestOf(`buildkit.source.v0:${key}`), 0)), inputs: [] };
}

/** Returns the key of COPY --link: the step before and the copied files, stacked. */
function mergeKey(vertex: Vertex, known: (input: Vertex) => KeyVertex | undefined): KeyVertex | undefined {
  const inputs = vertex.inputs.map((input) => ({ vertex: known(input.vertex), selector: "", content: undefined }));
  if (!inputs.every((input) => input.vertex !== undefined)) return undefined;
  const json = goJson({ Type: "buildkit.merge.v0", Merge: { inputs: inputs.map((_, index) => omitEmpty({ input: index })) } });
  return json === undefined ? undefined : { digests: [recordDigest(digestOf(json), 0)], inputs };
}
