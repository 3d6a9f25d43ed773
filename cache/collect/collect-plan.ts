import type { Digest } from "../../core/digest.js";
import type { Candidate, CollectPolicy, Removed } from "../contract/collector.js";
import type { LayerId } from "../contract/layers.js";

/** The store as collection sees it: its parts, their references, and the bytes of each. */
export interface CollectState {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Bytes that the store takes. */
  readonly total: number;
  /** Results, mounts and images without a name that no running process uses. */
  readonly candidates: readonly (Candidate & { readonly bytes: number })[];
  /** Results that no key leads to and that no running process uses. */
  readonly forgotten: readonly { readonly id: string; readonly name: string; readonly usedAt: number }[];
  readonly layers: ReadonlyMap<LayerId, LayerState>;
  /** Stacks of results and their parts, each as the stack below it and one layer more. */
  readonly stacks: ReadonlyMap<number, { readonly below: number | null; readonly layer: LayerId }>;
  /** The stack of every result that has layers. */
  readonly resultStacks: ReadonlyMap<string, number>;
  readonly blobs: ReadonlyMap<Digest, number>;
  /** Bytes of the tables of contents that may be removed with their layer. */
  readonly tocs: ReadonlyMap<Digest, number>;
  /** Blobs that something other than a layer keeps in any case. */
  readonly retainedBlobs: ReadonlySet<Digest>;
  /** Blobs of the images among the candidates. */
  readonly imageBlobs: ReadonlyMap<string, readonly Digest[]>;
}

export interface LayerState {
  readonly blob: Digest | undefined;
  readonly diffId: Digest | undefined;
  /** Bytes of the layer's snapshot. */
  readonly bytes: number;
  /** True when a running process needs the layer. */
  readonly leased: boolean;
}

export interface CollectPlan {
  readonly results: readonly string[];
  readonly mounts: readonly string[];
  readonly images: readonly string[];
  readonly layers: readonly LayerId[];
  /** Results, mounts, images and layers in the order of removal. */
  readonly removed: readonly Removed[];
  /** Bytes that the store takes afterwards. */
  readonly remaining: number;
}

/**
 * Decides what to remove. The function is pure, so that no other process waits for it, and a dry
 * run reports the same plan.
 */
export function planCollection(state: CollectState, policies: readonly CollectPolicy[]): CollectPlan {
  const layerStates = [...state.layers.values()];
  const users = {
    stacks: count([...state.resultStacks.values(), ...[...state.stacks.values()].flatMap(({ below }) => below ?? [])]),
    layers: count([...state.stacks.values()].map(({ layer }) => layer)),
    blobs: count([...layerStates.flatMap(({ blob }) => blob ?? []), ...[...state.imageBlobs.values()].flat()]),
    diffIds: count(layerStates.flatMap(({ diffId }) => diffId ?? [])),
  };
  const gone = { result: new Set<string>(), mount: new Set<string>(), image: new Set<string>(), layers: new Set<LayerId>() };
  const removed: Removed[] = [];
  let remaining = state.total;

  /** Removes one user of a layer, blob or TOC. Returns true when it was the last. */
  const release = <K>(counts: Map<K, number>, key: K): boolean => {
    const left = (counts.get(key) ?? 0) - 1;
    counts.set(key, left);
    return left <= 0;
  };
  const dropBlob = (digest: Digest): void => {
    if (release(users.blobs, digest) && !state.retainedBlobs.has(digest)) remaining -= state.blobs.get(digest) ?? 0;
  };
  const dropLayer = (id: LayerId): void => {
    const layer = state.layers.get(id);
    if (!layer || layer.leased || gone.layers.has(id)) return;
    gone.layers.add(id);
    removed.push({ kind: "layer", id, name: undefined, bytes: 0, why: "unreferenced", usedAt: undefined });
    remaining -= layer.bytes;
    if (layer.blob) dropBlob(layer.blob);
    if (layer.diffId && release(users.diffIds, layer.diffId)) remaining -= state.tocs.get(layer.diffId) ?? 0;
  };
  const dropResult = (result: Pick<Candidate, "id" | "name" | "usedAt">, why: Removed["why"]): void => {
    gone.result.add(result.id);
    removed.push({ kind: "result", id: result.id, name: result.name, bytes: 0, why, usedAt: result.usedAt });
    // A stack goes with the last result or stack on it, and then so does what only it depends on.
    const unused: LayerId[] = [];
    for (let at = state.resultStacks.get(result.id) ?? null; at !== null && release(users.stacks, at); ) {
      const stack = state.stacks.get(at);
      if (stack) unused.push(stack.layer);
      at = stack?.below ?? null;
    }
    for (const layer of unused.reverse()) if (release(users.layers, layer)) dropLayer(layer);
  };

  for (const [digest, bytes] of state.blobs) if (!users.blobs.has(digest) && !state.retainedBlobs.has(digest)) remaining -= bytes;
  for (const result of state.forgotten) dropResult(result, "unreferenced");
  for (const id of state.layers.keys()) if ((users.layers.get(id) ?? 0) <= 0) dropLayer(id);
  for (const policy of policies) {
    for (const candidate of chosen(state, policy)) {
      if (policy.keepBytes !== undefined && remaining <= policy.keepBytes) break;
      const { kind, id, name, usedAt, bytes } = candidate;
      if (gone[kind].has(id)) continue;
      const why = policy.keepBytes === undefined ? "unused" : "space";
      if (kind === "result") dropResult(candidate, why);
      else {
        gone[kind].add(id);
        removed.push({ kind, id, name, bytes, why, usedAt });
        remaining -= bytes;
        for (const digest of state.imageBlobs.get(id) ?? []) dropBlob(digest);
      }
    }
  }
  return {
    results: [...gone.result],
    mounts: [...gone.mount],
    images: [...gone.image],
    layers: [...gone.layers],
    removed,
    remaining,
  };
}

/** Returns the candidates that a policy selects, least recently used first. */
function chosen({ candidates, now }: CollectState, policy: CollectPolicy): CollectState["candidates"] {
  const { unusedFor, keepBytes, mounts = false, images = false, keepShared = false, only } = policy;
  if (unusedFor === undefined && keepBytes === undefined) return [];
  const before = now - (unusedFor ?? 0);
  const kinds = { result: true, mount: mounts, image: images };
  return candidates
    .filter(
      (candidate) =>
        // A clock that was set back leaves times in the future, which count as now.
        Math.min(candidate.usedAt, now) <= before &&
        kinds[candidate.kind] &&
        !(keepShared && candidate.shared) &&
        (only?.(candidate) ?? true),
    )
    .toSorted((a, b) => a.usedAt - b.usedAt);
}

function count<K>(keys: readonly K[]): Map<K, number> {
  const counts = new Map<K, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
