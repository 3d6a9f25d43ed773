import type { Digest } from "../../core/digest.js";
import type { KeyRecord } from "../../cache/remote/content.js";
import type { Vertex } from "../../llb/vertex.js";
import { contentRecords, type FindPorts, withInputs } from "./find-results.js";
import type { KeyVertex } from "./key-vertex.js";
import { keyVertices } from "./key-vertices.js";

type Links = KeyRecord["inputs"];

/**
 * Returns the records under which a BuildKit finds the results of a graph, by vertex, with those
 * that only lead to them. A step whose key is unknown has none, and steps that depend on it are
 * found only where it counts by content.
 */
export async function writeRecords(
  order: readonly Vertex[],
  results: ReadonlyMap<string, NonNullable<KeyRecord["result"]>>,
  ports: FindPorts,
): Promise<readonly KeyRecord[]> {
  const keys = await keyVertices(order, ports.imageOf);
  const byKey = new Map<KeyVertex, Digest>([...keys].map(([digest, vertex]) => [vertex, digest]));
  const written = new Records();
  const places = new Map<KeyVertex, readonly number[]>();
  for (const vertex of withInputs([...keys.values()])) {
    const contents = await contentRecords(vertex, ports);
    const links = vertex.inputs.map(({ vertex: input, selector }, index) => {
      const own = ((input && places.get(input)) ?? []).map((record) => ({ selector, record }));
      const content = contents[index];
      return content === undefined ? own : [...own, { selector: "", record: written.add(content, [], undefined) }];
    });
    // BuildKit refuses a whole cache for an input without a link.
    if (links.some((of) => of.length === 0)) continue;
    const result = results.get(byKey.get(vertex) ?? "");
    places.set(
      vertex,
      vertex.digests.map((digest) => written.add(digest, links, result)),
    );
  }
  return written.leadingToResults();
}

/** Records, each once. */
class Records {
  readonly #records: KeyRecord[] = [];
  readonly #known = new Map<string, number>();

  add(digest: string, inputs: Links, result: KeyRecord["result"]): number {
    const id = JSON.stringify([digest, inputs]);
    const known = this.#known.get(id);
    if (known === undefined) {
      this.#known.set(id, this.#records.length);
      return this.#records.push({ digest, inputs, result }) - 1;
    }
    const record = this.#records[known] as KeyRecord;
    this.#records[known] = { ...record, result: record.result ?? result };
    return known;
  }

  /** Returns the records that lead to a result, with renumbered links. */
  leadingToResults(): readonly KeyRecord[] {
    const needed = new Set<number>();
    // Inputs stand before their users.
    for (let index = this.#records.length - 1; index >= 0; index--) {
      const { inputs, result } = this.#records[index] as KeyRecord;
      if (!result && !needed.has(index)) continue;
      needed.add(index);
      for (const { record } of inputs.flat()) needed.add(record);
    }
    const places = new Map([...needed].sort((a, b) => a - b).map((index, place) => [index, place]));
    return [...places.keys()].map((index) => {
      const record = this.#records[index] as KeyRecord;
      const moved = (links: Links[number]) => links.map(({ selector, record: to }) => ({ selector, record: places.get(to) ?? 0 }));
      return { ...record, inputs: record.inputs.map(moved) };
    });
  }
}
