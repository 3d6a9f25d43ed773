import { printGraph } from "../../llb/print.js";
import type { VertexJson } from "../../llb/wire/public.js";
import type { WireDefinition } from "../../llb/wire/write/write-definition.js";
import { formatPlatform } from "../../oci/platform.js";
import type { BuildOptions } from "../options/options.js";
import { loadInput } from "./load-input.js";
import { withLook } from "./with-dockerfile.js";

/** The graph that a build would solve, in the forms that people and BuildKit read. */
export interface BuildGraph {
  /** Graphs of the platforms, `os/architecture[/variant]`, in the order of the option. */
  readonly platforms: readonly string[];
  /** Returns every operation as text, inputs before users. */
  text(): string;
  /** Returns the vertices as `buildctl debug dump-llb` prints them, each once. */
  vertices(): readonly VertexJson[];
  /** Returns the vertices as a graph for Graphviz. */
  dot(): string;
  /** Returns the bytes of BuildKit's `pb.Definition` of a platform. */
  definition(platform: string): Uint8Array;
}

/**
 * Returns the graph of a build, of which nothing is built. Throws like a build when the Dockerfile
 * has errors. The forms but `text` throw `llb/no-wire-form` for a step that BuildKit's cannot say.
 */
export async function buildGraph(options: BuildOptions = {}): Promise<BuildGraph> {
  const compiled = await withLook(options, async ({ build, solver, session, onEvent }) => {
    const input = await loadInput(build, solver, { session, onEvent });
    return Promise.all(
      build.platforms.map(async (platform) => ({
        platform: formatPlatform(platform),
        root: (await input.compile(platform)).rootfs,
      })),
    );
  });
  // Nothing but this needs the wire, and a build does not load it.
  const [{ writeDefinition }, { vertexDot, vertexJson }] = await Promise.all([
    import("../../llb/wire/write/write-definition.js"),
    import("../../llb/wire/forms.js"),
  ]);
  const written = new Map<string, WireDefinition>();
  const definition = (platform: string): WireDefinition => {
    const found = compiled.find((one) => one.platform === platform);
    if (!found)
      throw new TypeError(`Cannot write the graph for "${platform}": the build is for ${compiled.map((one) => one.platform).join(", ")}`);
    const known = written.get(platform) ?? writeDefinition(found.root, { platform });
    written.set(platform, known);
    return known;
  };
  const vertices = () => [
    ...new Map(compiled.flatMap(({ platform }) => definition(platform).vertices.map((vertex) => [vertex.digest, vertex]))).values(),
  ];
  return {
    platforms: compiled.map(({ platform }) => platform),
    text: () => printGraph(compiled.map(({ root }) => root)),
    vertices: () => vertices().map(vertexJson),
    dot: () => vertexDot(vertices()),
    definition: (platform) => definition(platform).bytes,
  };
}
