import { type Digest, isDigest } from "../../core/digest.js";
import { familiarReference, parseReference } from "../../oci/reference.js";
import type { Descriptor } from "../../oci/types.js";
import type { BlobGraph } from "../index/blob-graph.js";
import type { Database } from "../database/database.js";
import { layerUses, stackRows, type StackRow } from "../database/stack-rows.js";
import { layerId } from "../layer-id.js";
import type { UsedBy } from "../contract/collector.js";
import type { LeaseKind } from "../contract/leases.js";
import type { Memo } from "../contract/memo.js";

/**
 * Kind of the memos that record the manifest behind a base image's name. A build without a network
 * uses them.
 */
const BASE_IMAGES = "ref";

export interface Users {
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
export function findUsers(parts: { database: Database; graph: BlobGraph; memo: Memo }): Users {
  return new UserFinder(parts).find();
}

class UserFinder {
  readonly #database: Database;
  readonly #graph: BlobGraph;
  readonly #memo: Memo;
  readonly #layers: ReadonlyMap<number, LayerRow>;
  readonly #found = new Map<string, Building>();
  readonly #names = new Map<string, string>();
  readonly #used = new Map<string, number>();
  readonly #mounts = new Set<string>();

  constructor({ database, graph, memo }: { database: Database; graph: BlobGraph; memo: Memo }) {
    this.#database = database;
    this.#graph = graph;
    this.#memo = memo;
    const rows = database.all<LayerRow>("SELECT id, blob_digest, diff_id FROM layers WHERE draft = 0");
    this.#layers = new Map(rows.map((row) => [row.id, row]));
  }

  find(): Users {
    this.#addImages();
    this.#addResults();
    this.#nameLayers();
    this.#addRunningBuilds();
    const usedBy = [...this.#found].map(([id, { images, ...rest }]) => [id, { images: [...images].sort(), ...rest }] as const);
    return { usedBy: new Map<string, UsedBy>(usedBy), mounts: this.#mounts, names: this.#names, used: this.#used };
  }

  /** Adds base images and the images of the store as users of their blobs. */
  #addImages(): void {
    for (const target of baseImages(this.#memo)) {
      nameParts(this.#graph, target, "a base image", this.#names);
      for (const blob of this.#graph.metadata([target])) this.#of(blob).base = true;
    }
    for (const { name, digest } of this.#database.all<{ name: string | null; digest: Digest }>("SELECT name, digest FROM images")) {
      const shown = name === null ? digest : familiarReference(parseReference(name));
      nameParts(this.#graph, digest, shown, this.#names);
      for (const blob of this.#graph.reachable([digest])) this.#of(blob).images.add(shown);
    }
  }

  /** Adds the cached steps as users of their layers. */
  #addResults(): void {
    for (const [layer, { steps, usedAt }] of layerUses(this.#database)) {
      const row = this.#layers.get(layer);
      for (const form of row ? formsOf(row) : []) {
        this.#of(form).steps += steps;
        this.#used.set(form, Math.max(usedAt, this.#used.get(form) ?? 0));
      }
    }
  }

  #nameLayers(): void {
    // A layer is named after the first step whose result it tops.
    const tops = this.#database.all<{ layer: number; name: string }>(
      "SELECT s.layer, r.name FROM results r JOIN stacks s ON s.id = r.stack ORDER BY r.id",
    );
    const top = new Map(tops.toReversed().map(({ layer, name }) => [layer, name]));
    for (const row of this.#layers.values()) {
      const name = top.get(row.id) ?? (row.blob_digest === null ? undefined : this.#names.get(row.blob_digest));
      if (name !== undefined) for (const form of formsOf(row)) this.#names.set(form, name);
      // Images keep layers by their blobs, and the tables of contents with them.
      const images = row.blob_digest === null ? undefined : this.#found.get(row.blob_digest)?.images;
      if (images && row.diff_id !== null) for (const image of images) this.#of(row.diff_id).images.add(image);
    }
  }

  #addRunningBuilds(): void {
    const leases = this.#database.all<{ kind: LeaseKind; id: string }>(
      "SELECT DISTINCT kind, id FROM leases WHERE expires IS NULL OR expires > ?",
      Date.now(),
    );
    const layers = new Set<string>();
    const stacks = new Map(stackRows(this.#database).map((row) => [row.id, row]));
    for (const { kind, id } of leases) {
      if (kind === "mount") this.#mounts.add(id);
      if (kind === "layer") layers.add(id);
      if (kind === "blob" && isDigest(id)) for (const blob of this.#graph.reachable([id])) this.#of(blob).running = true;
      if (kind === "result") {
        const result = this.#database.get<{ stack: number | null }>("SELECT stack FROM results WHERE id = ?", Number(id));
        for (const layer of layersOfStack(stacks, result?.stack ?? null)) layers.add(layerId(layer));
      }
    }
    for (const row of this.#layers.values()) {
      if (layers.has(layerId(row.id))) for (const form of formsOf(row)) this.#of(form).running = true;
    }
  }

  #of(id: string): Building {
    let building = this.#found.get(id);
    if (!building) this.#found.set(id, (building = { images: new Set(), base: false, steps: 0, running: false }));
    return building;
  }
}

/** Returns the ids of a layer's forms: layer, blob and TOC. */
function formsOf({ id, blob_digest, diff_id }: LayerRow): readonly string[] {
  return [layerId(id), blob_digest, diff_id].filter((form) => form !== null);
}

/** Yields the rows of the layers of a stack, down to the highest stack that was yielded before. */
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
