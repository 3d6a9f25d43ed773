import { type Digest, isDigest } from "../../core/digest.js";
import { familiarReference, parseReference } from "../../oci/reference.js";
import type { Descriptor } from "../../oci/types.js";
import type { BlobGraph } from "../index/blob-graph.js";
import type { Database } from "../database/database.js";
import { layerUses, stackRows, type StackRow } from "../database/stack-rows.js";
import { layerId } from "../layer-id.js";
import type { UsedBy } from "../contract/collector.js";
import type { LeaseKind } from "../contract/leases.js";
import { BASE_IMAGES, type Memo } from "../contract/memo.js";

export interface Keepers {
  /** Users by blob digest, layer id and diffID. */
  readonly usedBy: ReadonlyMap<string, UsedBy>;
  /** Ids of mounts that running builds use. */
  readonly mounts: ReadonlySet<string>;
  /** Names for people, by blob digest, layer id and diffID. */
  readonly names: ReadonlyMap<string, string>;
  /** Milliseconds since the epoch, by blob digest, layer id and diffID. */
  readonly used: ReadonlyMap<string, number>;
}

interface Building {
  readonly images: Set<string>;
  base: boolean;
  steps: number;
  running: boolean;
}

interface LayerRow {
  readonly id: number;
  readonly blob_digest: Digest | null;
  readonly diff_id: Digest | null;
}

/** Finds the users and the name of each part of the store. */
export function findKeepers({ database, graph, memo }: { database: Database; graph: BlobGraph; memo: Memo }): Keepers {
  const found = new Map<string, Building>();
  const names = new Map<string, string>();
  const used = new Map<string, number>();
  const of = (id: string): Building => {
    let building = found.get(id);
    if (!building) found.set(id, (building = { images: new Set(), base: false, steps: 0, running: false }));
    return building;
  };
  const use = (id: string, at: number) => used.set(id, Math.max(at, used.get(id) ?? 0));
  for (const target of baseImages(memo)) {
    nameParts(graph, target, "a base image", names);
    for (const blob of graph.metadata([target])) of(blob).base = true;
  }
  for (const { name, digest } of database.all<{ name: string | null; digest: Digest }>("SELECT name, digest FROM images")) {
    const shown = name === null ? digest : familiarReference(parseReference(name));
    nameParts(graph, digest, shown, names);
    for (const blob of graph.reachable([digest])) of(blob).images.add(shown);
  }
  const layers = new Map(database.all<LayerRow>("SELECT id, blob_digest, diff_id FROM layers WHERE draft = 0").map((row) => [row.id, row]));
  const forms = ({ id, blob_digest, diff_id }: LayerRow): string[] => [layerId(id), blob_digest, diff_id].filter((form) => form !== null);
  for (const [layer, { steps, usedAt }] of layerUses(database)) {
    const row = layers.get(layer);
    for (const form of row ? forms(row) : []) {
      of(form).steps += steps;
      use(form, usedAt);
    }
  }
  // A layer is named after the first step whose result it tops.
  const tops = database.all<{ layer: number; name: string }>(
    "SELECT s.layer, r.name FROM results r JOIN stacks s ON s.id = r.stack ORDER BY r.id",
  );
  const top = new Map(tops.toReversed().map(({ layer, name }) => [layer, name]));
  for (const row of layers.values()) {
    const name = top.get(row.id) ?? (row.blob_digest === null ? undefined : names.get(row.blob_digest));
    if (name !== undefined) for (const form of forms(row)) names.set(form, name);
    // Images keep layers by their blobs, and the tables of contents with them.
    const images = row.blob_digest === null ? undefined : found.get(row.blob_digest)?.images;
    if (images && row.diff_id !== null) for (const image of images) of(row.diff_id).images.add(image);
  }
  const leases = database.all<{ kind: LeaseKind; id: string }>(
    "SELECT DISTINCT kind, id FROM leases WHERE expires IS NULL OR expires > ?",
    Date.now(),
  );
  const mounts = new Set<string>();
  const leasedLayers = new Set<string>();
  const stacks = new Map(stackRows(database).map((row) => [row.id, row]));
  for (const { kind, id } of leases) {
    if (kind === "mount") mounts.add(id);
    if (kind === "layer") leasedLayers.add(id);
    if (kind === "blob" && isDigest(id)) for (const blob of graph.reachable([id])) of(blob).running = true;
    if (kind === "result") {
      const result = database.get<{ stack: number | null }>("SELECT stack FROM results WHERE id = ?", Number(id));
      for (const layer of layersOfStack(stacks, result?.stack ?? null)) leasedLayers.add(layerId(layer));
    }
  }
  for (const row of layers.values()) if (leasedLayers.has(layerId(row.id))) for (const form of forms(row)) of(form).running = true;
  const usedBy = new Map<string, UsedBy>([...found].map(([id, { images, ...rest }]) => [id, { images: [...images].sort(), ...rest }]));
  return { usedBy, mounts, names, used };
}

/** Gives the rows of the layers of a stack, down to the highest stack that was given before. */
function* layersOfStack(stacks: Map<number, StackRow>, top: number | null): Iterable<number> {
  for (let at = top; at !== null; ) {
    const row = stacks.get(at);
    if (!row) return;
    stacks.delete(at);
    yield row.layer;
    at = row.below;
  }
}

/** Yields the manifests that the names of base images led to when registries were asked last. */
export function* baseImages(memo: Pick<Memo, "list">): Iterable<Digest> {
  for (const value of memo.list(BASE_IMAGES)) {
    const { digest } = JSON.parse(value.toString("utf8")) as Partial<Descriptor>;
    if (typeof digest === "string" && isDigest(digest)) yield digest;
  }
}

function nameParts(graph: BlobGraph, target: Digest, image: string, names: Map<string, string>): void {
  const manifests = graph.manifests(target);
  if (!names.has(target)) names.set(target, `${manifests.length > 0 ? "index" : "manifest"} of ${image}`);
  for (const manifest of [target, ...manifests]) {
    if (manifest !== target && !names.has(manifest)) names.set(manifest, `manifest of ${image}`);
    const config = graph.config(manifest);
    if (config && !names.has(config)) names.set(config, `config of ${image}`);
    for (const layer of graph.layers(manifest)) if (!names.has(layer)) names.set(layer, `layer of ${image}`);
  }
}
