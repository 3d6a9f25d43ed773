import type { LayerId } from "../../cache/contract/layers.js";
import type { Digest } from "../../core/digest.js";
import { allOrAbort } from "../../core/tasks/all-or-abort.js";
import { compressionRecipe } from "../../oci/layer/write/compress.js";
import { directoryCorrections, overlayFacts, type OverlayFacts } from "../../oci/layer/write/overlay-facts.js";
import type { PackEntry, Toc } from "../../oci/layer/model/toc.js";
import type { NodeMeta } from "../../core/file-node.js";
import type { Descriptor } from "../../oci/types.js";
import { mergedLayer, MERGED, MAX_LOWERS } from "./merged-layers.js";
import type { LayerAccess } from "./layer-access.js";
import type { Stack } from "./ports.js";
import { type Reporter, sharedReporter } from "./ports.js";

/** Arguments for overlayfs with which it shows the metadata of a stack of layers. */
export interface OverlayStack {
  /** Directories, bottom first. */
  readonly lowers: readonly string[];
  /** Metadata of the root directory in the stack, if any: for the root of the upper directory. */
  readonly root: NodeMeta | undefined;
}

const MEMO = "overlay-facts";
/**
 * Entries of a table of contents from which on reading it takes longer than reading the remembered
 * facts.
 */
const LARGE = 500;

/**
 * Unpacks stacks. Snapshots do not depend on the stacks they are used in, so the same one serves
 * all of them. A small correcting layer puts on top the metadata of directories that a layer only
 * implies and a layer below has. The correcting layer is found by its content like any other and is
 * in no image. Layers of steps are right already: overlayfs itself wrote what was visible.
 */
export class OverlayStacks {
  readonly #service: LayerAccess;
  readonly #facts = new Map<Digest, OverlayFacts>();
  readonly #merged = new Map<string, LayerId>();
  readonly #corrections = new Map<string, { readonly id: LayerId | undefined }>();

  constructor(service: LayerAccess) {
    this.#service = service;
  }

  async of(stack: Stack, reporter: Reporter): Promise<OverlayStack> {
    for (let merged = mergedBelow(stack.length); ; merged += MERGED) {
      const overlay = await this.#above(Math.min(merged, stack.length), stack, reporter);
      // The correcting layers count as well.
      if (overlay.lowers.length <= MAX_LOWERS) return overlay;
    }
  }

  /** Returns the overlay of a stack whose lowest `merged` layers are one directory. */
  async #above(merged: number, stack: Stack, reporter: Reporter): Promise<OverlayStack> {
    const bottom = merged === 0 ? undefined : await this.#merge(stack.slice(0, merged), reporter);
    const directories = await allOrAbort(reporter.signal, (signal) => {
      const each = sharedReporter(reporter, signal);
      return stack.map((id, index) => (index < merged ? Promise.resolve("") : this.#service.snapshot(id, each)));
    });
    const facts = await allOrAbort(reporter.signal, (signal) => {
      const each = sharedReporter(reporter, signal);
      return stack.map((id, index) => this.#factsOf(stack, id, index, each));
    });
    const start = Math.max(
      0,
      facts.findLastIndex((known) => known?.opaqueRoot),
    );
    const isImplying = (index: number): boolean => (facts[index]?.implied.length ?? 0) > 0;
    const lowers: string[] = bottom !== undefined && start < merged ? [bottom] : [];
    for (let index = Math.max(start, merged); index < stack.length; index++) {
      lowers.push(directories[index] as string);
      if (!isImplying(index)) continue;
      // One directory corrects all layers up to here, but none above a step's layer, which may have
      // changed what they imply.
      const next = facts.findIndex((known, at) => at > index && (known === undefined || isImplying(at)));
      if (next !== -1 && isImplying(next)) continue;
      const first = facts.findLastIndex((known, at) => at < index && known === undefined) + 1;
      const correction = await this.#correction(stack.slice(0, index + 1), Math.max(start, merged, first), facts, reporter);
      if (correction !== undefined) lowers.push(correction);
    }
    return { lowers: topmostOnly(lowers), root: facts.slice(start).findLast((known) => known?.root)?.root };
  }

  /**
   * Returns the directory with all layers of a stack in one. Made once for all steps that run on
   * them.
   */
  async #merge(stack: Stack, reporter: Reporter): Promise<string> {
    const key = stack.join(" ");
    const id = this.#merged.get(key) ?? (await mergedLayer(this.#service, stack, reporter));
    this.#merged.set(key, id);
    return this.#service.snapshot(id, reporter);
  }

  /**
   * Returns the directory that corrects the layers of a stack from `first` on; undefined when they
   * need none. Made once for all steps that run on them.
   */
  async #correction(
    stack: Stack,
    first: number,
    facts: readonly (OverlayFacts | undefined)[],
    reporter: Reporter,
  ): Promise<string | undefined> {
    const key = `${first} ${stack.join(" ")}`;
    const known = this.#corrections.get(key);
    if (known !== undefined) return known.id && this.#service.snapshot(known.id, reporter);
    const layers: (readonly [OverlayFacts, Toc])[] = [];
    for (let index = first; index < stack.length; index++) {
      layers.push([facts[index] as OverlayFacts, await this.#service.toc(stack, index, reporter)]);
    }
    const entries = directoryCorrections(layers, await this.#service.view(stack, reporter));
    const id = entries.length === 0 ? undefined : await this.#pack(entries, reporter);
    this.#corrections.set(key, { id });
    return id && this.#service.snapshot(id, reporter);
  }

  async #pack(entries: readonly PackEntry[], reporter: Reporter): Promise<LayerId> {
    const { store, tasks } = this.#service;
    const out = store.blobs.temporaryPath();
    const compression = { type: "uncompressed" } as const;
    const packed = await tasks.pack({ plan: { entries }, out, compression }, { signal: reporter.signal });
    store.blobs.adopt(out, packed.digest);
    return store.layers.addPacked(packed, compressionRecipe(compression)).id;
  }

  /** Returns undefined for a step's layer that has not been diffed yet. */
  async #factsOf(stack: Stack, id: LayerId, index: number, reporter: Reporter): Promise<OverlayFacts | undefined> {
    const { diffId, blob } = this.#service.record(id);
    if (diffId === undefined) return undefined;
    const known = this.#facts.get(diffId) ?? (await this.#readFacts(diffId, blob, () => this.#service.toc(stack, index, reporter)));
    if (known) this.#facts.set(diffId, known);
    return known;
  }

  async #readFacts(diffId: Digest, blob: Descriptor | undefined, scan: () => Promise<Toc>): Promise<OverlayFacts | undefined> {
    const { store } = this.#service;
    const known = store.memo.get(MEMO, diffId);
    if (known) return JSON.parse(known.toString("utf8")) as OverlayFacts;
    const stored = store.layers.toc(diffId);
    if (!stored && !(blob && store.blobs.has(blob.digest))) return undefined;
    const toc = stored ?? (await scan());
    const facts = overlayFacts(toc);
    if (toc.entries.length > LARGE) store.memo.set(MEMO, diffId, JSON.stringify(facts));
    return facts;
  }
}

/**
 * Returns how many layers at the bottom of a stack have to be merged, so that the others fit into
 * an overlay.
 */
function mergedBelow(height: number): number {
  return height <= MAX_LOWERS ? 0 : Math.ceil((height + 1 - MAX_LOWERS) / MERGED) * MERGED;
}

/**
 * Returns each directory once, at its topmost place: overlayfs refuses the same one twice. Nothing
 * is lost, because a layer shows and hides the same at its upper place.
 */
function topmostOnly(lowers: readonly string[]): readonly string[] {
  return lowers.filter((directory, index) => lowers.lastIndexOf(directory) === index);
}
