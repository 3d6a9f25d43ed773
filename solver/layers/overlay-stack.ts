import type { LayerId } from "../../cache/store.js";
import { misshownDirectories, overlayFacts, type OverlayFacts } from "../../oci/layer/overlay-facts.js";
import type { NodeMeta, Toc } from "../../oci/layer/toc.js";
import type { LayerService, Stack } from "./layer-service.js";
import type { Reporter } from "./ports.js";

/** What to give overlayfs so that it shows what a stack of layers says. */
export interface OverlayStack {
  /** Directories, bottom first. */
  readonly lowers: readonly string[];
  /** What the stack says about its root directory, if anything: for the root of the upper directory. */
  readonly root: NodeMeta | undefined;
}

const MEMO = "overlay-facts";

/**
 * Unpacks a stack. Snapshots say nothing of the stacks they are used in, so the same one serves all of them; where a layer only implies a directory whose
 * metadata is in a layer below, a small layer made for this stack puts that on top. It is found by its content like any other and is in no image.
 * Layers that steps made are right as they are: overlayfs itself wrote what was visible.
 */
export async function overlayStack(service: LayerService, stack: Stack, reporter: Reporter): Promise<OverlayStack> {
  const directories = await Promise.all(stack.map((id) => service.snapshot(id, reporter)));
  const facts = await Promise.all(stack.map((id, index) => factsOf(service, stack, id, index, reporter)));
  const start = Math.max(
    0,
    facts.findLastIndex((known) => known?.opaqueRoot),
  );
  const lowers: string[] = [];
  let run: number[] = [];
  for (let index = start; index < stack.length; index++) {
    lowers.push(directories[index] as string);
    if (facts[index] !== undefined) run.push(index);
    if (facts[index + 1] !== undefined && index + 1 < stack.length) continue;
    if (run.some((at) => facts[at]?.implied.length)) lowers.push(...(await mended(service, stack, run, facts, reporter)));
    run = [];
  }
  return { lowers: topmostOnly(lowers), root: facts.slice(start).findLast((known) => known?.root)?.root };
}

/**
 * Each directory once, where it is topmost: overlayfs refuses the same one twice. Nothing is lost, because whatever a layer shows or hides below, it shows or
 * hides again further up.
 */
function topmostOnly(lowers: readonly string[]): readonly string[] {
  return lowers.filter((directory, index) => lowers.lastIndexOf(directory) === index);
}

/** The directory that mends the layers `run` of a stack, which lie on each other; none when they need none. */
async function mended(
  service: LayerService,
  stack: Stack,
  run: readonly number[],
  facts: readonly (OverlayFacts | undefined)[],
  reporter: Reporter,
): Promise<readonly string[]> {
  const layers: (readonly [OverlayFacts, Toc])[] = [];
  for (const index of run) layers.push([facts[index] as OverlayFacts, await service.toc(stack, index, reporter)]);
  const view = await service.view(stack.slice(0, (run.at(-1) as number) + 1), reporter);
  const entries = misshownDirectories(layers, view);
  if (entries.length === 0) return [];
  const { store, tasks } = service;
  const out = store.blobs.temporaryPath();
  const packed = await tasks.pack({ plan: { entries }, out, compression: { type: "uncompressed" } }, { signal: reporter.signal });
  store.blobs.adopt(out, packed.digest);
  return [await service.snapshot(store.layers.addPacked(packed).id, reporter)];
}

/** Undefined for what a step made and nobody has compared with the layers below yet. */
async function factsOf(
  service: LayerService,
  stack: Stack,
  id: LayerId,
  index: number,
  reporter: Reporter,
): Promise<OverlayFacts | undefined> {
  const { store } = service;
  const { diffId, blob } = service.record(id);
  if (diffId === undefined) return undefined;
  const known = store.memo.get(MEMO, diffId);
  if (known) return JSON.parse(known.toString("utf8")) as OverlayFacts;
  const stored = store.layers.toc(diffId);
  if (!stored && !(blob && store.blobs.has(blob.digest))) return undefined;
  const facts = overlayFacts(stored ?? (await service.toc(stack, index, reporter)));
  store.memo.set(MEMO, diffId, JSON.stringify(facts));
  return facts;
}
