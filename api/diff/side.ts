import type { Store } from "../../cache/store.js";
import type { LayerId } from "../../cache/contract/layers.js";
import { TsbuildError } from "../../core/errors.js";
import { readImage } from "../../oci/image.js";
import { hostPlatform, parsePlatform } from "../../oci/platform.js";
import type { Digest } from "../../core/digest.js";
import type { Stack } from "../../solver/layers/ports.js";
import { failedLayers, failedSteps } from "../../solver/ops/failed-step.js";
import { resultOf } from "../debug/recorded-state.js";
import { findImage } from "../image-store/lookup.js";
import type { BuildHistoryStore, RecordedBuild, RecordedStep } from "../record/build-record.js";
import { stepsBefore } from "../record/steps-before.js";
import { buildHistoryOf } from "../store/build-history.js";
import { noSuchSide, sideCollected } from "./errors.js";

/** A step or an image: its layers, and those that it began with. */
export interface Side {
  readonly layers: Stack;
  readonly base: Stack;
}

interface SideOptions {
  /** Build that a step is of. Default: the newest. */
  readonly build?: string | undefined;
  readonly platform?: string | undefined;
}

/** Finds an image of the store by its name or id, else a step of a build. */
export function findSide(text: string, options: SideOptions, store: Store): Side {
  const image = imageSide(text, options, store);
  if (image) return image;
  const history = buildHistoryOf(store, () => {});
  const build = options.build === undefined && history.list().length === 0 ? undefined : history.get(options.build);
  if (!build) throw noSuchSide(text, undefined);
  return stepSide(stepOf(text, build, history), build, store);
}

function stepOf(text: string, build: RecordedBuild, history: BuildHistoryStore): RecordedStep {
  try {
    return history.step(build, text);
  } catch (error) {
    if (error instanceof TsbuildError && error.code === "history/step-not-found") throw noSuchSide(text, build.id);
    throw error;
  }
}

/** Returns an image of the store; undefined where it has none of that name. */
function imageSide(text: string, { platform }: SideOptions, store: Store): Side | undefined {
  // A line of a Dockerfile, a number or a place is no name of an image.
  if (/^(#|[^/]*:)?\d+$|^\S* ?\d+\/\d+$|\s/.test(text) && !text.startsWith("sha256:")) return undefined;
  try {
    const { target, name = text } = findImage(text, store);
    const { manifest, config } = readImage(target, platform === undefined ? hostPlatform() : parsePlatform(platform), store.blobs, name);
    const layers = manifest.layers.map(
      (blob, index) => store.layers.addRemote({ blob, diffId: config.rootfs.diff_ids[index] as Digest, origin: undefined }).id,
    );
    return { layers, base: baseOf(layers, store) };
  } catch (error) {
    if (error instanceof TsbuildError && (error.code === "images/not-found" || error.code.startsWith("reference/"))) return undefined;
    throw error;
  }
}

/** Returns the layers of an image's base: those at the bottom that came from a registry. */
function baseOf(layers: readonly LayerId[], { layers: known }: Store): Stack {
  const own = layers.findIndex((id) => known.get(id)?.origin === undefined);
  return own < 0 ? [] : layers.slice(0, own);
}

function stepSide(step: RecordedStep, build: RecordedBuild, store: Store): Side {
  const layers = layersOf(step, build, store);
  if (!layers) throw sideCollected(step.name);
  const before = stepsBefore(step, build).at(-1);
  const base = before && layersOf(before, build, store);
  return { layers, base: base && isBelow(base, layers) ? base : layers.slice(0, -1) };
}

function layersOf(step: RecordedStep, { id }: RecordedBuild, store: Store): Stack | undefined {
  if (step.status !== "failed") return resultOf(step, store)?.layers;
  const kept = failedSteps(store.memo).find(({ name, build }) => build === id && name === step.name);
  return kept && failedLayers(kept, store);
}

function isBelow(base: Stack, layers: Stack): boolean {
  return base.length <= layers.length && base.every((id, index) => layers[index] === id);
}
